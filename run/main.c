// SPDX-License-Identifier: MIT
// `cprof run` and `cprof test`, from their arguments to their exit status.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "child.h"
#include "inject.h"
#include "options.h"
#include "run.h"
#include "summary.h"
#include "target.h"
#include "test.h"

enum { EXIT_USAGE = 2, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

struct environment_context {
	struct arena *arena;
	const struct injection *injection;
};

static char **make_environment(void *arg, pid_t pid)
{
	struct environment_context *c = arg;
	return inject_environment(c->arena, c->injection, pid);
}

static int print_start_error(const char *name, int error)
{
	fprintf(stderr, "cprof: %s: %s\n", name, error == ENOENT ? "not found" : strerror(error));
	return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}

static void print_where_served(struct arena *a, const char *address)
{
	if (strncmp(address, "unix:", 5) == 0)
		fprintf(stderr, "cprof: serving %s; try: cprof -top %s\n", address,
				quote_shell(a, arena_printf(a, "%s/debug/pprof/heap", address)));
	else
		fprintf(stderr, "cprof: serving http://%s%s/debug/pprof/\n",
				*address == ':' ? "localhost" : "", address);
}

static int run(struct arena *a, const struct run_options *o)
{
	const char *name = o->program[0];
	struct target target = target_find(a, name);
	if (!target.path)
		return print_start_error(name, target.error);
	struct injection injection;
	struct test_files files;
	struct run_options of_parts = *o;
	struct err *e = o->is_test ? test_prepare(a, &of_parts, &files) : NULL;
	if (!e)
		e = inject_prepare(a, &of_parts, &injection);
	const char *obstacle = e ? e->message : NULL;
	if (target.obstacle)
		obstacle = arena_printf(a, "%s %s; while it runs, cprof attach PID can see its CPU time", name,
				target.obstacle);
	if (obstacle)
		fprintf(stderr, "cprof: no profile: %s\n", obstacle);
	else if (injection.http)
		print_where_served(a, injection.http);
	struct environment_context context = {a, &injection};
	struct child child = child_run(a, target.path, o->program, obstacle ? NULL : make_environment,
			&context);
	if (child.start_error)
		return print_start_error(name, child.start_error);
	if (!obstacle && o->is_test)
		test_collect(a, &files, child.pid);
	else if (!obstacle)
		summary_print(a, &injection, &child);
	return child_mirror_end(&child);
}

int run_main(int argc, char **argv)
{
	struct arena a = {0};
	struct run_options options;
	int status = 0;
	struct err *e = run_options_parse(&a, argc, argv, &options);
	if (e) {
		// Not all of the flags: the error would scroll away.
		fprintf(stderr, "cprof: %s: %s\nusage: cprof %s [FLAGS] [--] %s [ARGS]; for the flags: cprof help %s\n",
				argv[0], e->message, argv[0], options.is_test ? "TEST" : "PROGRAM", argv[0]);
		status = EXIT_USAGE;
	} else if (options.help) {
		fputs(options.is_test ? test_usage : run_usage, stdout);
	} else {
		status = run(&a, &options);
	}
	arena_deinit(&a);
	return status;
}
