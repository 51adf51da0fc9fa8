// SPDX-License-Identifier: MIT
// Lists the directory's candidates with glob(), then looks at each name and age. What nobody will finish any more goes.
#include "outcome.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

enum { NS_PER_S = 1000000000, CLOCK_SLACK_NS = 10000000 };

bool outcome_is_per_process(const char *file)
{
	for (const char *at = file; *at; at += path_escape_at(at) ? 2 : 1) {
		if (path_escape_at(at) == 'p')
			return true;
	}
	return false;
}

/** What of `path` is behind `file`, %p being digits; NULL: it is another name. */
static const char *rest_behind(const char *file, const char *path)
{
	for (const char *at = file; *at; at += path_escape_at(at) ? 2 : 1) {
		if (path_escape_at(at) == 'p') {
			if (!isdigit((unsigned char)*path))
				return NULL;
			while (isdigit((unsigned char)*path))
				path++;
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

/** File times come from a coarser clock (a tick, at least 100 Hz) than the run's start. */
static bool is_young(const char *path, int64_t start_ns)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
			(int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec >=
					start_ns - CLOCK_SLACK_NS;
}

void outcome_find(struct arena *a, const char *file, int64_t start_ns, struct outcome *outcome_out)
{
	struct outcome *o = outcome_out;
	glob_t found = {0};
	*o = (struct outcome){.earlier.are_earlier = true};
	glob(arena_printf(a, "%s*", path_expand(a, path_escape_glob(a, file), "[0-9]*")), 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i], *rest = rest_behind(file, path);
		bool is_earlier = rest && rest[0] == '.' && is_number(rest + 1);
		if (!rest || !is_young(path, start_ns))
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
