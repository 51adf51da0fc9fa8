// SPDX-License-Identifier: MIT
// `cprof run` and `cprof test`, from their arguments to their exit status.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "child.h"
#include "inject.h"
#include "options.h"
#include "outside.h"
#include "run.h"
#include "summary.h"
#include "target.h"
#include "test.h"

enum { EXIT_USAGE = 2, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

struct launch {
	struct arena *arena;
	struct run_options options; // of `cprof test`: with names of parts
	struct target target;
	struct injection injection;
	struct test_files files;
	pid_t sampler; // the process that samples the program from outside; 0: none
};

/// Between fork and exec, on both sides

static char **make_environment(void *arg, pid_t pid)
{
	struct launch *l = arg;
	return inject_environment(l->arena, &l->injection, pid);
}

static void begin_outside(void *arg, pid_t pid)
{
	struct launch *l = arg;
	l->sampler = outside_begin(l->arena, &l->injection, pid);
	if (l->sampler)
		fprintf(stderr, "cprof: no profile from inside: %s; the kernel samples its CPU time\n",
				l->injection.obstacle);
	else
		fprintf(stderr, "cprof: no profile: %s, and cannot be sampled from outside\n", l->injection.obstacle);
}

/// From start to end

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

static struct err *prepare(struct launch *l)
{
	struct err *e = l->options.is_test ? test_prepare(l->arena, &l->options, &l->files) : NULL;
	if (!e)
		e = inject_prepare(l->arena, &l->options, &l->injection);
	if (l->target.obstacle)
		l->injection.obstacle = arena_printf(l->arena, "%s %s", l->options.program[0], l->target.obstacle);
	return e;
}

/** What is known before it begins. */
static void announce(struct launch *l, const struct err *e)
{
	if (e)
		fprintf(stderr, "cprof: no profile: %s\n", e->message);
	else if (l->injection.obstacle)
		fprintf(stderr, "cprof: no profile: %s; while it runs, cprof attach PID can see its CPU time\n",
				l->injection.obstacle);
	else if (l->injection.http)
		print_where_served(l->arena, l->injection.http);
}

static void summarize(struct launch *l, const struct child *child)
{
	if (l->sampler)
		outside_end(l->sampler);
	if (l->options.is_test)
		test_collect(l->arena, &l->files, child->pid);
	else
		summary_print(l->arena, &l->injection, child);
}

static int run(struct arena *a, const struct run_options *o)
{
	struct launch l = {.arena = a, .options = *o, .target = target_find(a, o->program[0])};
	struct child_program program = {l.target.path, o->program, .arg = &l};
	if (!l.target.path)
		return print_start_error(o->program[0], l.target.error);
	struct err *e = prepare(&l);
	// A program that cannot be profiled from inside may become, or start, one that can.
	bool is_injected = !e && (!l.target.obstacle || l.target.is_foreign);
	if (is_injected)
		program.make_environment = make_environment;
	if (!e && l.target.is_foreign && outside_is_wanted(&l.injection))
		program.prepare = begin_outside; // and announced there
	else
		announce(&l, e);
	struct child child = child_run(a, &program);
	if (child.start_error && l.sampler)
		outside_cancel(a, &l.injection, child.pid, l.sampler);
	if (child.start_error)
		return print_start_error(o->program[0], child.start_error);
	if (is_injected)
		summarize(&l, &child);
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
