// SPDX-License-Identifier: MIT
// Which files belong to this run is told by their names and their age: the library writes PATH, with %p
// replaced, and keeps what an earlier image of the same process wrote there as PATH.1, PATH.2, ...
#include "summary.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure.h"

// Less CPU time than this outside of the profile is not worth a line.
enum { NOTABLE_MS = 100, NS_PER_MS = 1000000 };

static bool has_pid(const char *file)
{
	for (const char *at = file; (at = strchr(at, '%')); at += at[1] ? 2 : 1) {
		if (at[1] == 'p')
			return true;
	}
	return false;
}

/** `file` with %p as `pid` and %% as %; the rest escaped for glob() where asked. */
static const char *expand(struct arena *a, const char *file, const char *pid, bool escape)
{
	char *out = arena_alloc(a, strlen(file) * (2 + strlen(pid)) + 1, 1), *at = out;
	for (; *file; file++) {
		if (*file == '%' && file[1] == 'p') {
			at = stpcpy(at, pid);
			file++;
			continue;
		}
		if (*file == '%' && file[1] == '%')
			file++;
		if (escape && strchr("*?[\\", *file))
			*at++ = '\\';
		*at++ = *file;
	}
	return out;
}

static bool is_of_run(const char *path, const struct injection *in)
{
	// File times come from a coarser clock (a tick, at least 100 Hz) than ours.
	enum { CLOCK_SLACK_NS = 10 * NS_PER_MS };
	struct stat st;
	return stat(path, &st) == 0 && (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec >=
			in->start_ns - CLOCK_SLACK_NS;
}

/** What this run wrote. */
struct outcome {
	struct measure measure;
	int nfiles;       // under the names asked for
	int nearlier;     // .1, .2, ... of images that exec replaced
	int ndamaged;
	const char *first;
};

static void count_file(const char *path, struct outcome *o, int *counter)
{
	struct measure m = {0};
	if (!measure_add(path, &m)) {
		o->ndamaged++;
		return;
	}
	(*counter)++;
	o->measure.samples += m.samples;
	o->measure.cpu_ns += m.cpu_ns;
}

static void find_files(struct arena *a, const struct injection *in, struct outcome *o)
{
	glob_t found = {0};
	const char *pattern = expand(a, in->file, "[0-9]*", true);
	glob(pattern, 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (!is_of_run(found.gl_pathv[i], in))
			continue;
		count_file(found.gl_pathv[i], o, &o->nfiles);
		if (!o->first)
			o->first = arena_strdup(a, found.gl_pathv[i]);
	}
	globfree(&found);
	found = (glob_t){0};
	glob(arena_printf(a, "%s.[0-9]*", pattern), 0, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (is_of_run(found.gl_pathv[i], in))
			count_file(found.gl_pathv[i], o, &o->nearlier);
	}
	globfree(&found);
}

/** Why nothing could be written there; NULL: it could. */
static const char *find_write_error(struct arena *a, const char *file)
{
	char block[4096] = {0};
	const char *slash = strrchr(file, '/');
	const char *dir = arena_strndup(a, file, (size_t)(slash - file) + 1);
	int fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	int error = 0;
	if (fd < 0)
		error = errno == EOPNOTSUPP ? 0 : errno;
	else if (write(fd, block, sizeof(block)) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error ? strerror(error) : NULL;
}

static int64_t usage_ms(const struct rusage *u)
{
	return (int64_t)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000 +
			(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1000;
}

static void print_nothing(struct arena *a, const struct injection *in, int64_t used_ms)
{
	const char *file = in->options->cpuprofile, *error = find_write_error(a, in->file);
	if (error)
		fprintf(stderr, "cprof: no profile: %s: %s\n", file, error);
	else
		fprintf(stderr, "cprof: no profile: nothing was sampled in %lld ms of CPU time\n",
				(long long)used_ms);
}

static void print_written(struct arena *a, const struct injection *in, const struct outcome *o)
{
	const char *file = in->options->cpuprofile;
	bool is_many = has_pid(file);
	const char *args = expand(a, file, o->nfiles == 1 ? "" : "*", false);
	if (is_many && o->nfiles == 1)
		args = file = o->first;
	else if (!is_many)
		file = args;
	fprintf(stderr, "cprof: wrote %s (", file);
	if (o->nfiles > 1)
		fprintf(stderr, "%d processes, ", o->nfiles);
	if (o->nearlier)
		fprintf(stderr, "%d more before exec, ", o->nearlier);
	fprintf(stderr, "%.2f s of CPU in %lld samples); try: cprof -top %s\n",
			(double)o->measure.cpu_ns / 1e9, (long long)o->measure.samples, args);
}

void summary_print(struct arena *a, const struct injection *in, const struct child *c)
{
	struct outcome o = {0};
	int64_t used_ms = usage_ms(&c->usage);
	find_files(a, in, &o);
	if (o.nfiles + o.nearlier)
		print_written(a, in, &o);
	else if (!o.ndamaged)
		print_nothing(a, in, used_ms);
	if (o.ndamaged)
		fprintf(stderr, "cprof: %d profiles are damaged; is the disk full?\n", o.ndamaged);
	int64_t missing_ms = used_ms - o.measure.cpu_ns / NS_PER_MS;
	if (!has_pid(in->options->cpuprofile) && missing_ms > NOTABLE_MS && missing_ms > used_ms / 5)
		fprintf(stderr, "cprof: %.2f s more of CPU were spent in child processes; to profile "
				"them too, put %%p into the file's name\n", (double)missing_ms / 1e3);
}
