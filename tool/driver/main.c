// SPDX-License-Identifier: MIT
// The cprof command: its first word says which part of the house answers. What is no word of ours is
// pprof's command line. The one place that prints errors and chooses the exit status.
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "run/run.h"
#include "tool/attach/attach.h"
#include "tool/push/push.h"
#include "tool/graph/pass_cache.h"
#include "tool/web/web.h"

#include "deliver.h"
#include "fetch.h"
#include "help.h"
#include "request.h"
#include "shell.h"
#include "trace.h"

// pprof's status for every failure.
enum { EXIT_BAD = 2 };

static void print(FILE *to, void (*text)(struct buf *))
{
	struct buf out = {0};
	text(&out);
	fwrite(out.ptr, 1, out.len, to);
	buf_deinit(&out);
}

// Scripts look for pprof's messages, so its name stays in front of them.
static int fail(const struct env *env, const struct err *e)
{
	env_warn(env, "pprof: %s", e->message);
	return EXIT_BAD;
}

// What is freed goes back at once: by itself, malloc keeps the more the larger what it gave was.
static void return_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_TRIM_THRESHOLD, 512 << 10);
}

// What one command takes the next one will want. Pages that were given back cost more than to clear what was kept, and
// small ones more than huge ones: a filter of a million samples fills thousands.
static void keep_memory(void)
{
	enum { BLOCK_BYTES = 24 << 20, MORE_BYTES = 128 << 20 };
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	mallopt(M_TOP_PAD, MORE_BYTES);
	char *block = malloc(BLOCK_BYTES), *end = sbrk(0); // the heap grows by both
	if (block && block < end)
		pages_ask_huge(block, (size_t)(end - block));
	free(block);
}

// What one thread gave back another one finds, with its pages. Before there are any others.
static void share_memory(void)
{
	mallopt(M_ARENA_MAX, 1);
}

static struct err *analyze_sources(struct arena *a, struct env *env, const struct request *r)
{
	struct session s = {.env = env, .tools = object_tools_new(a, r->tools), .is_single = r->command};
	return_memory();
	if (!r->command)
		share_memory();
	struct err *e = prepare_profile(a, env, r, s.tools, &s.profile);
	if (e)
		return e;
	s.units = profile_label_units(s.profile);
	env->is_interactive = !r->command;
	if (r->command)
		return deliver_report(a, &s, r->command, r->param, &r->config, NULL);
	s.profile->pass_cache = pass_cache_create(s.profile);
	keep_memory();
	if (*r->http)
		e = web_serve(a, &s, &r->config, r->http, r->no_browser);
	else
		e = shell_run(a, &s, &r->config);
	pass_cache_destroy(s.profile->pass_cache);
	profile_destroy(s.profile);
	return e;
}

static int analyzer_main(const struct env *process, int argc, const char *const *argv)
{
	struct arena a = {0};
	struct env env = *process;
	struct request r;
	bool asks_for_help, is_usage;
	struct err *e = request_parse(&a, &env, argc, argv, &r, &asks_for_help, &is_usage);
	if (asks_for_help)
		print(stdout, help_usage);
	else if (is_usage)
		print(stderr, help_short_usage);
	else if (!e)
		e = analyze_sources(&a, &env, &r);
	int status = e ? fail(&env, e) : EXIT_SUCCESS;
	arena_deinit(&a);
	return status;
}

// cprof top FILE: the command becomes a flag, with its regexp where it has one.
static int command_main(const struct env *env, const struct command *c, int argc,
		const char *const *argv)
{
	if (c->has_param && (argc < 2 || *argv[0] == '-')) {
		fprintf(stderr, "cprof: %s needs a regexp and a source: cprof %s REGEXP [options] SOURCE...\n",
				c->name, c->name);
		return EXIT_BAD;
	}
	struct arena a = {0};
	const char **words = arena_array(&a, const char *, (size_t)argc + 1);
	int n = 0, taken = c->has_param;
	words[n++] = c->has_param ? arena_printf(&a, "-%s=%s", c->name, argv[0])
				  : arena_printf(&a, "-%s", c->name);
	while (taken < argc)
		words[n++] = argv[taken++];
	int status = analyzer_main(env, n, words);
	arena_deinit(&a);
	return status;
}

static int run_program(const struct env *env, int argc, char **argv)
{
	(void)env;
	return run_main(argc, argv);
}

static int show_trace(const struct env *env, int argc, char **argv)
{
	return trace_main(env, argc, (const char *const *)argv);
}

/** What is more than a report: each has options of its own, and -help. */
static const struct part {
	const char *name;
	int (*main)(const struct env *env, int argc, char **argv); // argv[0]: the name
} parts[] = {
		{"attach", attach_main},
		{"push", push_main},
		{"run", run_program},
		{"test", run_program}, // it tells by its name
		{"trace", show_trace},
};

static const struct part *part_find(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (strcmp(parts[i].name, name) == 0)
			return &parts[i];
	}
	return NULL;
}

static int help_main(const struct env *env, int argc, char **argv)
{
	struct buf out = {0};
	if (argc == 0) {
		print(stdout, help_usage);
		return EXIT_SUCCESS;
	}
	if (argc > 1) {
		fputs("cprof: help is for one command or option at a time\n", stderr);
		return EXIT_BAD;
	}
	const struct part *part = part_find(argv[0]);
	if (part)
		return part->main(env, 2, (char *[]){argv[0], (char *)"-help", NULL});
	const char *topic = argv[0] + strspn(argv[0], "-"); // as it is written on the command line
	bool is_known = help_topic(topic, false, &out);
	if (is_known)
		fwrite(out.ptr, 1, out.len, stdout);
	else
		fprintf(stderr, "cprof: there is no command or option %s; see cprof help, and cprof help run (attach, "
				"push, test, trace) for theirs\n", topic);
	buf_deinit(&out);
	return is_known ? EXIT_SUCCESS : EXIT_BAD;
}

static int answer(const struct env *env, int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *c = command_find(word, strlen(word));
	const struct part *part = part_find(word);
	if (part)
		return part->main(env, argc - 1, argv + 1);
	if (strcmp(word, "help") == 0)
		return help_main(env, argc - 2, argv + 2);
	if (strcmp(word, "version") == 0 || strcmp(word, "--version") == 0) {
		puts("cprof " CPROF_VERSION);
		return EXIT_SUCCESS;
	}
	if (c)
		return command_main(env, c, argc - 2, (const char *const *)argv + 2);
	return analyzer_main(env, argc - 1, (const char *const *)argv + 1);
}

int main(int argc, char **argv)
{
	struct env env = env_of_process();
	int status = answer(&env, argc, argv);
	// Reports are checked where they are delivered; this is for help and the like.
	bool is_lost = fflush(stdout) != 0 || ferror(stdout);
	if (status == EXIT_SUCCESS && is_lost) {
		struct arena a = {0};
		status = fail(&env, err_new(&a, "write /dev/stdout: %s", err_os(&a, errno)));
		arena_deinit(&a);
	}
	return status;
}
