// SPDX-License-Identifier: MIT
// Lists the directory's candidates with glob(), then looks at each name and age. What nobody will finish any more goes.
#include "outcome.h"

#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

/** By their inodes, sorted. No clock is asked: it may be set meanwhile, and a file server has one of its own. */
struct outcome_past {
	struct stat *at;
	size_t n;
};

bool outcome_is_per_process(const char *file)
{
	for (const char *at = file; *at; at += path_escape_at(at) ? 2 : 1) {
		if (path_escape_at(at) == 'p')
			return true;
	}
	return false;
}

/** Behind a process's name: digits, and in another PID namespace "@" and more (lib/kind/target.h). NULL: it is none. */
static const char *rest_behind_process(const char *path)
{
	size_t len = strspn(path, "0123456789"), more = path[len] == '@' ? strspn(path + len + 1, "0123456789") : 0;
	return len == 0 ? NULL : path + len + (more > 0 ? 1 + more : 0);
}

/** What of `path` is behind `file`; NULL: it is another name. */
static const char *rest_behind(const char *file, const char *path)
{
	for (const char *at = file; *at; at += path_escape_at(at) ? 2 : 1) {
		if (path_escape_at(at) == 'p') {
			path = rest_behind_process(path);
			if (!path)
				return NULL;
		} else if (*path++ != *at) {
			return NULL;
		}
	}
	return path;
}

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

/** "PID.N.tmp", as the library names a file while it writes it (lib/kind/target.c); 0: it is none. */
static pid_t writer_of(const char *rest)
{
	int pid = 0, n = 0, end = 0;
	bool is_temporary = sscanf(rest, ".%d.%d.tmp%n", &pid, &n, &end) == 2 && end > 0 && rest[end] == '\0';
	return is_temporary && pid > 0 ? pid : 0;
}

/** Half a file, of a process that was killed while it wrote it. */
static void remove_left(const char *path, const char *rest)
{
	pid_t writer = writer_of(rest);
	if (writer != 0 && kill(writer, 0) < 0 && errno == ESRCH)
		unlink(path);
}

static glob_t list(struct arena *a, const char *file)
{
	glob_t found = {0};
	glob(arena_printf(a, "%s*", path_expand(a, path_escape_glob(a, file), "[0-9]*")), 0, NULL, &found);
	return found;
}

static int compare_inodes(const void *one, const void *other)
{
	const struct stat *a = one, *b = other;
	return a->st_ino < b->st_ino ? -1 : a->st_ino > b->st_ino;
}

const struct outcome_past *outcome_look(struct arena *a, const char *file)
{
	glob_t found = list(a, file);
	struct outcome_past *past = arena_new(a, struct outcome_past);
	*past = (struct outcome_past){.at = arena_array(a, struct stat, found.gl_pathc)};
	for (size_t i = 0; i < found.gl_pathc; i++)
		past->n += stat(found.gl_pathv[i], &past->at[past->n]) == 0;
	qsort(past->at, past->n, sizeof(*past->at), compare_inodes);
	globfree(&found);
	return past;
}

/** It was not there, or has been written since: another inode, or another time of its last change. */
static bool is_new(const char *path, const struct outcome_past *past)
{
	struct stat st;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	const struct stat *was = bsearch(&st, past->at, past->n, sizeof(st), compare_inodes);
	return !was || was->st_ctim.tv_sec != st.st_ctim.tv_sec || was->st_ctim.tv_nsec != st.st_ctim.tv_nsec ||
			was->st_size != st.st_size;
}

void outcome_tidy(struct arena *a, const struct injection_file *f)
{
	glob_t found = list(a, f->path);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i], *rest = rest_behind(f->path, path);
		if (rest && is_new(path, f->past))
			remove_left(path, rest);
	}
	globfree(&found);
}

void outcome_find(struct arena *a, const struct injection_file *f, struct outcome *outcome_out)
{
	struct outcome *o = outcome_out;
	glob_t found = list(a, f->path);
	*o = (struct outcome){.earlier.are_earlier = true};
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i], *rest = rest_behind(f->path, path);
		bool is_earlier = rest && rest[0] == '.' && is_number(rest + 1);
		if (!rest || !is_new(path, f->past))
			continue;
		if (*rest && !is_earlier) {
			remove_left(path, rest);
			continue;
		}
		struct outcome_files *files = is_earlier ? &o->earlier : &o->last;
		if (!measure_add(path, &files->measure)) {
			o->ndamaged++;
			continue;
		}
		if (!files->paths)
			files->paths = arena_array(a, const char *, found.gl_pathc);
		files->paths[files->count++] = arena_strdup(a, path);
	}
	globfree(&found);
}
