// SPDX-License-Identifier: MIT
// See source_reader.h. A relative name, or what trimming leaves of one, is looked for in every
// directory of the search path and in all their parents.
#include "tool/report/source_reader.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/infile.h"
#include "base/path.h"
#include "tool/report/formats.h"

enum { MAX_SOURCE_BYTES = 256 << 20 };

struct source_file {
	struct source_file *next;
	struct str name;
	struct str *lines;
	int64_t nlines;
	struct err *error;
};

struct err *source_reader_init(struct source_reader *s, const struct report *r, struct arena *a)
{
	*s = (struct source_reader){.report = r, .arena = a, .search_path = r->options.source_path};
	if (s->search_path.len)
		return NULL;
	char cwd[PATH_MAX];
	if (!getcwd(cwd, sizeof cwd))
		return err_new(a, "could not stat current dir: %s", err_os(a, errno));
	s->search_path = str_from(arena_strdup(a, cwd));
	return NULL;
}

static int search(struct source_reader *s, const char *path)
{
	for (struct str rest = s->search_path; rest.len;) {
		struct str entry = str_cut(&rest, ':');
		const char *dir = arena_strndup(s->arena, entry.ptr, entry.len);
		for (;;) {
			const char *candidate = path_join(s->arena, dir, path);
			int fd = infile_open(candidate);
			if (fd >= 0 || errno == EISDIR)
				return fd;
			const char *parent = path_dir(s->arena, str_from(dir));
			if (strcmp(parent, dir) == 0)
				break;
			dir = parent;
		}
	}
	errno = ENOENT;
	return -1;
}

// A directory opens, and has no lines: *fd_out is -1.
static struct err *open_source(struct source_reader *s, struct str file, int *fd_out)
{
	struct str trimmed = report_trim_source(s->report, file, s->search_path);
	const char *path = arena_strndup(s->arena, trimmed.ptr, trimmed.len);
	if (path[0] == '/') {
		*fd_out = infile_open(path);
		return *fd_out >= 0 || errno == EISDIR
				? NULL
				: err_new(s->arena, "open %s: %s", path, err_os(s->arena, errno));
	}
	*fd_out = search(s, path);
	return *fd_out >= 0 || errno == EISDIR ? NULL : err_new(s->arena, "could not find file %s on path %.*s",
			path, STR_FMT(s->search_path));
}

static struct err *read_text(struct arena *a, int fd, struct str *text_out)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || st.st_size > MAX_SOURCE_BYTES)
		return err_new(a, "too large for a source file");
	char *text = arena_alloc(a, (size_t)st.st_size + 1, 1);
	size_t len = 0;
	for (ssize_t n; (n = read(fd, text + len, (size_t)st.st_size - len)) > 0;)
		len += (size_t)n;
	*text_out = (struct str){text, len};
	return NULL;
}

static void split_lines(struct arena *a, struct source_file *f, struct str text)
{
	size_t n = 1;
	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	f->lines = arena_array(a, struct str, n);
	while (text.len) {
		struct str line = str_cut(&text, '\n');
		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		f->lines[f->nlines++] = line;
	}
}

static struct source_file *find(struct source_reader *s, struct str name)
{
	// Reports ask for one file many times before the next: move it to the front.
	for (struct source_file **at = &s->files; *at; at = &(*at)->next) {
		struct source_file *f = *at;
		if (!str_eq(f->name, name))
			continue;
		*at = f->next;
		f->next = s->files;
		return s->files = f;
	}
	return NULL;
}

static struct source_file *load(struct source_reader *s, struct str name)
{
	struct source_file *f = arena_new(s->arena, struct source_file);
	f->name = name;
	f->next = s->files;
	s->files = f;
	int fd;
	struct str text = {0};
	f->error = open_source(s, name, &fd);
	if (f->error || fd < 0)
		return f;
	f->error = read_text(s->arena, fd, &text);
	close(fd);
	split_lines(s->arena, f, text);
	return f;
}

bool source_line(struct source_reader *s, struct str file, int64_t number, struct str *line_out)
{
	struct source_file *f = find(s, file);
	if (!f)
		f = load(s, file);
	if (number < 1 || number > f->nlines)
		return false;
	*line_out = f->lines[number - 1];
	return true;
}

struct err *source_error(struct source_reader *s, struct str file)
{
	struct source_file *f = find(s, file);
	return f ? f->error : NULL;
}
