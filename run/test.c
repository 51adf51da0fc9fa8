// SPDX-License-Identifier: MIT
// See test.h. Several parts are merged by the analyzer, in a process of its own: run/ knows nothing of it but its
// command line.
#include "test.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/program.h"

#include "measure.h"

enum { MAX_NAME_BYTES = 100 };

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/// Names

/** "test_ring", "python3-test_run.py-heap": what tells the tests of a suite apart, and is a file's name. */
static const char *name_test(struct arena *a, char **argv)
{
	const char *name = base_name(argv[0]);
	for (int i = 1; argv[i]; i++)
		name = arena_printf(a, "%s-%s", name, base_name(argv[i]));
	char *clean = arena_strndup(a, name, strnlen(name, MAX_NAME_BYTES));
	for (char *at = clean; *at; at++) {
		if (!isalnum((unsigned char)*at) && !strchr("._-+", *at))
			*at = '_';
	}
	return clean;
}

/** `text` with `with` for each %n; for NULL, each percent sign doubled. */
static const char *expand(struct arena *a, const char *text, const char *with)
{
	char *out = arena_alloc(a, strlen(text) * (2 + (with ? strlen(with) : 0)) + 1, 1), *to = out;
	for (const char *at = text; *at; at++) {
		if (with && at[0] == '%' && at[1] == 'n') {
			to = stpcpy(to, with);
			at++;
			continue;
		}
		*to++ = *at;
		if (!with && *at == '%')
			*to++ = '%';
	}
	return out;
}

static const char *in_directory(struct arena *a, const char *dir, const char *file)
{
	return *file == '/' || !dir ? file : arena_printf(a, "%s/%s", dir, file);
}

struct err *test_prepare(struct arena *a, struct run_options *o, struct test_files *files_out)
{
	static const char *const kinds[TEST_KINDS] = {"cpu", "allocs", "block", "mutex", "syscall", "threads",
			"wall", "trace"};
	const char **options[TEST_KINDS] = {&o->cpuprofile, &o->allocsprofile, &o->blockprofile, &o->mutexprofile,
			&o->syscallprofile, &o->threadprofile, &o->wallprofile, &o->trace};
	*files_out = (struct test_files){.test = name_test(a, o->program), .program = base_name(o->program[0])};
	if (o->outputdir && mkdir(o->outputdir, 0777) != 0 && errno != EEXIST)
		return err_new(a, "%s: %s", o->outputdir, strerror(errno));
	for (int i = 0; i < TEST_KINDS; i++) {
		if (!*options[i])
			continue;
		const char *given = in_directory(a, o->outputdir, *options[i]);
		int dir_len = (int)(base_name(given) - given);
		// Beside the file, so that one part may become it by a new name.
		const char *parts = arena_printf(a, "%.*s.cprof-test.%d.%s.", dir_len, given, (int)getpid(), kinds[i]);
		files_out->files[i] = (struct test_file){given, parts, options[i] == &o->trace};
		*options[i] = arena_printf(a, "%s%%p", expand(a, parts, NULL));
	}
	return NULL;
}

/// Merging

/** The parts, one file; false: the analyzer failed. */
static bool merge(struct arena *a, char **parts, size_t nparts, const char *path)
{
	const char **argv = arena_array(a, const char *, nparts + 5);
	pid_t pid;
	argv[0] = "/proc/self/exe";
	argv[1] = "-proto";
	argv[2] = "-symbolize=none";
	argv[3] = arena_printf(a, "-output=%s", path);
	memcpy(argv + 4, parts, nparts * sizeof(*parts));
	return program_start(argv, STREAM_NULL, STREAM_NULL, STREAM_NULL, &pid) == 0 && program_wait(pid) == 0;
}

/** One program's. The file is there whole or not at all. */
static void make_file(struct arena *a, char **parts, size_t nparts, const char *path)
{
	const char *whole = parts[0];
	if (nparts > 1)
		whole = arena_printf(a, "%s.tmp", parts[0]);
	if (nparts > 1 && !merge(a, parts, nparts, whole)) {
		fprintf(stderr, "cprof: %s: its %zu parts cannot be merged; they are %s and so on\n", path, nparts,
				parts[0]);
		return;
	}
	if (rename(whole, path) != 0) {
		fprintf(stderr, "cprof: %s: %s; the profile is %s\n", path, strerror(errno), whole);
		return;
	}
	for (size_t i = nparts > 1 ? 0 : 1; i < nparts; i++)
		unlink(parts[i]);
}

/** One process's part. */
struct part {
	char *path;
	const char *program; // NULL: it cannot be read, or its file is made
};

static void look_at(struct arena *a, struct part *p, const char *otherwise)
{
	struct measure m = {0};
	if (measure_add(p->path, &m))
		p->program = m.program[0] ? arena_strdup(a, m.program) : otherwise;
	else
		fprintf(stderr, "cprof: %s cannot be read whole; is the disk full?\n", p->path);
}

/** The program of the process that was started: an interpreter, if that is a script. */
static const char *find_root(struct arena *a, const struct test_file *file, const struct part *parts, size_t nparts,
		pid_t pid, const char *otherwise)
{
	const char *path = arena_printf(a, "%s%d", file->parts, (int)pid);
	for (size_t i = 0; i < nparts; i++) {
		if (parts[i].program && strcmp(parts[i].path, path) == 0)
			return parts[i].program;
	}
	return otherwise;
}

/** Makes the file of parts[0]'s program; all are one program's where the name does not tell programs apart. */
static void make_program(struct arena *a, const struct test_files *files, const struct test_file *file,
		struct part *parts, size_t nparts, const char *root)
{
	const char *program = parts[0].program;
	bool is_one_file = !strstr(file->given, "%n");
	char **paths = arena_array(a, char *, nparts);
	size_t npaths = 0;
	for (size_t i = 0; i < nparts; i++) {
		if (!parts[i].program || (!is_one_file && strcmp(parts[i].program, program) != 0))
			continue;
		paths[npaths++] = parts[i].path;
		parts[i].program = NULL;
	}
	make_file(a, paths, npaths, expand(a, file->given, strcmp(program, root) == 0 ? files->test : program));
}

static void collect(struct arena *a, const struct test_files *files, const struct test_file *file, pid_t pid)
{
	glob_t found = {0};
	glob(arena_printf(a, "%s*", path_escape_glob(a, file->parts)), GLOB_PERIOD, NULL, &found);
	struct part *parts = arena_array(a, struct part, found.gl_pathc + 1);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		parts[i] = (struct part){.path = found.gl_pathv[i]};
		look_at(a, &parts[i], files->program);
	}
	const char *root = find_root(a, file, parts, found.gl_pathc, pid, files->program);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (parts[i].program)
			make_program(a, files, file, parts + i, found.gl_pathc - i, root);
	}
	globfree(&found);
}

/** Traces are not merged: that of the test's own process has its name, others the process's behind it. */
static void collect_traces(struct arena *a, const struct test_files *files, const struct test_file *file, pid_t pid)
{
	glob_t found = {0};
	const char *path = expand(a, file->given, files->test), *own = arena_printf(a, "%d", (int)pid);
	glob(arena_printf(a, "%s*", path_escape_glob(a, file->parts)), GLOB_PERIOD, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *of = found.gl_pathv[i] + strlen(file->parts);
		make_file(a, &found.gl_pathv[i], 1, strcmp(of, own) == 0 ? path : arena_printf(a, "%s.%s", path, of));
	}
	globfree(&found);
}

void test_collect(struct arena *a, const struct test_files *files, pid_t pid)
{
	for (int i = 0; i < TEST_KINDS; i++) {
		if (files->files[i].given)
			(files->files[i].is_trace ? collect_traces : collect)(a, files, &files->files[i], pid);
	}
}
