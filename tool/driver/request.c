// SPDX-License-Identifier: MIT
// The command line of pprof (see request.h): every option a flag, every choice of an option a flag,
// every command a flag, and then the flags that are neither.
#include "request.h"

#include "base/buf.h"
#include "base/flag.h"
#include "tool/binutils/objfile.h"

enum { MAX_FLAGS = 128, MAX_CHOICES = 16, MAX_COMMANDS = 48 };

// Flags that choose a sample value by another name. The order decides between several.
static const struct legacy_value {
	const char *flag, *sample_type;
} legacy_values[] = {
		{"total_delay", "delay"},
		{"mean_delay", "delay"},
		{"contentions", "contentions"},
		{"inuse_space", "inuse_space"},
		{"inuse_objects", "inuse_objects"},
		{"alloc_space", "alloc_space"},
		{"alloc_objects", "alloc_objects"},
};

enum { NLEGACY = sizeof(legacy_values) / sizeof(legacy_values[0]), LEGACY_MEAN_DELAY = 1 };

struct parser {
	struct arena *arena;
	const struct env *env;
	struct request *request;
	struct flag flags[MAX_FLAGS];
	size_t nflags;

	const char *base, *diff_base;
	bool legacy[NLEGACY];
	bool choices[MAX_CHOICES]; // in the order of config_fields and their choices
	bool commands[MAX_COMMANDS];
	const char *params[MAX_COMMANDS]; // of those with a parameter
};

static void add(struct parser *p, const char *name, enum flag_kind kind, void *value)
{
	if (p->nflags < MAX_FLAGS)
		p->flags[p->nflags++] = (struct flag){name, kind, value};
}

static void add_string(struct parser *p, const char *name, const char **value, const char *initial)
{
	*value = initial;
	add(p, name, FLAG_STRING, value);
}

static void add_source_flags(struct parser *p)
{
	struct request *r = p->request;
	r->seconds = r->timeout_s = -1;
	add_string(p, "base", &p->base, "");
	add_string(p, "diff_base", &p->diff_base, "");
	add_string(p, "symbolize", &r->symbolize, "");
	add_string(p, "buildid", &r->build_id, "");
	add_string(p, "add_comment", &r->comment, "");
	add_string(p, "tools", &r->tools, env_or(p->env, "PPROF_TOOLS", ""));
	add_string(p, "http", &r->http, "");
	add_string(p, "tls_cert", &r->tls.cert, "");
	add_string(p, "tls_key", &r->tls.key, "");
	add_string(p, "tls_ca", &r->tls.ca, "");
	add(p, "timeout", FLAG_INT, &r->timeout_s);
	add(p, "seconds", FLAG_INT, &r->seconds);
	add(p, "all_frames", FLAG_BOOL, &r->all_frames);
	add(p, "no_browser", FLAG_BOOL, &r->no_browser);
	for (size_t i = 0; i < NLEGACY; i++)
		add(p, legacy_values[i].flag, FLAG_BOOL, &p->legacy[i]);
}

static void add_config_flags(struct parser *p)
{
	static const enum flag_kind kinds[] = {
			[CONFIG_BOOL] = FLAG_BOOL,
			[CONFIG_INT] = FLAG_INT,
			[CONFIG_FLOAT] = FLAG_FLOAT,
			[CONFIG_STRING] = FLAG_STRING,
	};
	size_t nchoices = 0;
	for (const struct config_field *f = config_fields; f->name; f++) {
		if (!f->choices)
			add(p, f->name, kinds[f->kind], config_ptr(&p->request->config, f));
		for (const char *const *c = f->choices; c && *c; c++)
			add(p, *c, FLAG_BOOL, &p->choices[nchoices++]);
	}
}

static void add_command_flags(struct parser *p)
{
	for (size_t i = 0; commands[i].name; i++) {
		if (commands[i].has_param)
			add_string(p, commands[i].name, &p->params[i], "");
		else
			add(p, commands[i].name, FLAG_BOOL, &p->commands[i]);
	}
}

// A choice is set by its own flag; two of one option contradict each other.
static struct err *take_choices(struct parser *p)
{
	size_t i = 0;
	for (const struct config_field *f = config_fields; f->name; f++) {
		const char *set = NULL;
		bool conflict = false;
		struct buf names = {0};
		for (const char *const *c = f->choices; c && *c; c++, i++) {
			if (!p->choices[i])
				continue;
			conflict = set != NULL;
			set = *c;
			buf_printf(&names, "%s%s", names.len ? " " : "", *c);
		}
		struct err *e = NULL;
		if (conflict)
			e = err_new(p->arena, "conflicting options set: [%.*s]", (int)names.len,
					names.ptr);
		buf_deinit(&names);
		if (e)
			return e;
		if (set)
			*(const char **)config_ptr(&p->request->config, f) = set;
	}
	return NULL;
}

static struct err *take_command(struct parser *p)
{
	struct request *r = p->request;
	for (size_t i = 0; commands[i].name; i++) {
		bool is_set = commands[i].has_param ? *p->params[i] != '\0' : p->commands[i];
		if (!is_set)
			continue;
		if (r->command)
			return err_new(p->arena, "must set at most one output format");
		r->command = &commands[i];
		r->param = p->params[i];
	}
	if (r->command && *r->http)
		return err_new(p->arena, "-http is not compatible with an output format on the "
					 "command line");
	if (r->no_browser && !*r->http)
		return err_new(p->arena, "-no_browser only makes sense with -http");
	return NULL;
}

static void take_legacy_values(struct parser *p)
{
	struct config *c = &p->request->config;
	for (size_t i = 0; i < NLEGACY; i++) {
		if (!p->legacy[i])
			continue;
		if (*c->sample_index)
			env_warn(p->env, "Multiple value selections, ignoring -%s",
					legacy_values[i].flag);
		else
			c->sample_index = legacy_values[i].sample_type;
	}
	if (p->legacy[LEGACY_MEAN_DELAY])
		c->mean = true;
}

static struct err *take_base(struct parser *p)
{
	struct request *r = p->request;
	if (*p->base && *p->diff_base)
		return err_new(p->arena, "-base and -diff_base flags cannot both be specified");
	r->is_diff = *p->diff_base;
	r->base = r->is_diff ? p->diff_base : p->base;
	if (r->config.normalize && !*r->base)
		return err_new(p->arena, "must have base profile to normalize by");
	return NULL;
}

// The first of several sources may be the binary instead, or its build id.
static void take_binary(struct parser *p)
{
	struct request *r = p->request;
	r->exec_name = "";
	if (r->nsources < 2)
		return;
	const char *first = r->sources[0];
	struct mapped_range anywhere = {.limit = UINT64_MAX};
	struct objfile *object;
	if (!objfile_open(p->arena, first, &anywhere, &object))
		r->exec_name = first;
	else if (!*r->build_id && !first[strspn(first, "0123456789abcdefABCDEF")])
		r->build_id = first;
	else
		return;
	r->sources++;
	r->nsources--;
}

struct err *request_parse(struct arena *a, const struct env *env, int argc, const char *const *argv,
		struct request *out, bool *asks_for_help_out, bool *is_usage_out)
{
	*out = (struct request){.config = config_defaults};
	struct parser p = {.arena = a, .env = env, .request = out};
	add_source_flags(&p);
	add_config_flags(&p);
	add_command_flags(&p);

	struct flag_result flags;
	struct err *e = flag_parse(a, p.flags, p.nflags, argc, argv, &flags);
	*asks_for_help_out = flags.asks_for_help;
	*is_usage_out = e != NULL;
	if (e || flags.asks_for_help)
		return e;
	out->sources = argv + flags.first_arg;
	out->nsources = (size_t)(argc - flags.first_arg);
	*is_usage_out = out->nsources == 0;
	if (!out->nsources)
		return err_new(a, "no profile source specified");
	take_binary(&p);
	e = take_choices(&p);
	if (!e)
		e = take_command(&p);
	if (e)
		return e;
	take_legacy_values(&p);
	return take_base(&p);
}
