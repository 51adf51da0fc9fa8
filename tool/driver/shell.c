// SPDX-License-Identifier: MIT
// The shell's loop (see shell.h): shortcuts, assignments, its own few words, and all else is a report.
#include "shell.h"

#include <signal.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "base/utf8.h"
#include "tool/graph/pass_cache.h"

#include "complete.h"
#include "deliver.h"
#include "guess.h"
#include "help.h"
#include "shell_command.h"
#include "shell_input.h"

enum { VALUE_COLUMNS = 20 }; // of `o`

struct shell {
	struct arena *arena; // of the session: option values
	const struct session *session;
	const struct env *env;
	struct config config;
	struct guess guess;
	bool is_over;
};

static void say_buf(const struct env *env, struct buf *text)
{
	env_say(env, "%.*s", (int)text->len, text->ptr ? text->ptr : "");
	buf_deinit(text);
}

static void greet(struct shell *sh)
{
	struct analysis an;
	const struct env *env = sh->env;
	if (!analyze_unfiltered(sh->session, &sh->config, &an)) {
		struct buf labels = {0};
		report_profile_labels(an.report, &labels);
		say_buf(env, &labels);
		if (an.report->total == 0 && an.view->nsample_types > 1) {
			env_say(env, "No samples were found with the default sample value type.");
			env_say(env, "Try \"sample_index\" command to analyze different sample values.");
		}
	}
	analysis_end(&an);
	env_say(env, "Entering interactive mode (type \"help\" for commands, \"o\" for options)");
}

static int compare(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static const char *bracketed(struct arena *a, const char *const *names, size_t n)
{
	struct buf out = {0};
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s%s", i ? " | " : "//: [", names[i]);
	buf_cstr(&out, n ? "]" : "//: []");
	const char *text = arena_strndup(a, out.ptr, out.len);
	buf_deinit(&out);
	return text;
}

static const char *sorted_choices(struct arena *a, const struct config_field *f)
{
	size_t n = 0;
	while (f->choices[n])
		n++;
	const char **sorted = arena_array(a, const char *, n);
	memcpy(sorted, f->choices, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	return bracketed(a, sorted, n);
}

static const char **sample_types(struct arena *a, const struct profile *p)
{
	const char **types = arena_array(a, const char *, p->nsample_types);
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		struct str type = profile_str(p, p->sample_types[i].type);
		types[i] = arena_strndup(a, type.ptr, type.len);
	}
	return types;
}

// "  unit = minimum", padded, with a remark on the values it may have.
static const char *option_line(struct shell *sh, struct arena *a, const struct config_field *f)
{
	const struct profile *p = sh->session->profile;
	const char *value = config_get(a, &sh->config, f), *remark = "";
	if (f->choices) {
		remark = sorted_choices(a, f);
		if (!*value)
			value = "(default)";
	} else if (strcmp(f->name, "sample_index") == 0) {
		const char **types = sample_types(a, p);
		if (!*value && p->nsample_types)
			value = types[p->nsample_types - 1];
		remark = bracketed(a, types, p->nsample_types);
	} else if (strcmp(f->name, "nodecount") == 0 && strcmp(value, "-1") == 0) {
		remark = "//: default";
	} else if (!*value) {
		value = "\"\"";
	}
	// A column is a character, not a byte.
	size_t columns = utf8_columns(str_from(value));
	int blanks = columns < VALUE_COLUMNS ? (int)(VALUE_COLUMNS - columns) : 0;
	return arena_printf(a, "  %-25s = %s%*s %s", f->name, value, blanks, "", remark);
}

static void print_options(struct shell *sh, struct arena *a)
{
	size_t n = 0, nfields = 0;
	while (config_fields[nfields].name)
		nfields++;
	const char **lines = arena_array(a, const char *, nfields);
	for (size_t i = 0; i < nfields; i++) {
		if (strcmp(config_fields[i].name, "source_path") != 0)
			lines[n++] = option_line(sh, a, &config_fields[i]);
	}
	qsort(lines, n, sizeof(*lines), compare);
	struct buf out = {0};
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s\n", lines[i]);
	say_buf(sh->env, &out);
}

static void print_help(struct shell *sh, const char *topic)
{
	struct buf out = {0};
	if (!*topic)
		help_shell(&out);
	else if (!help_topic(topic, true, &out))
		env_warn(sh->env, "Unknown command: %s", topic);
	if (out.len)
		say_buf(sh->env, &out);
}

static char *trimmed(struct arena *a, const char *from, size_t len)
{
	struct str text = str_trim((struct str){from, len});
	return arena_strndup(a, text.ptr, text.len);
}

// What stands behind '=', without a "//:" remark: lines of `o` can be given back.
static char *assigned_value(struct arena *a, const char *text)
{
	const char *end = NULL;
	for (const char *p = strstr(text, "//:"); p; p = strstr(p + 1, "//:"))
		end = p;
	return trimmed(a, text, end ? (size_t)(end - text) : strlen(text));
}

static struct err *set_sample_index(struct shell *sh, struct arena *a, char **value)
{
	const struct profile *p = sh->session->profile;
	uint32_t index;
	struct err *e = profile_sample_index(p, a, str_from(*value), &index);
	if (e)
		return e;
	struct str type = profile_str(p, p->sample_types[index].type);
	*value = arena_strndup(a, type.ptr, type.len);
	return NULL;
}

// option=value, or an option alone; false where the line is neither.
static bool assign(struct shell *sh, struct arena *a, const char *line, struct err **e)
{
	const char *equals = strchr(line, '=');
	char *name = trimmed(a, line, equals ? (size_t)(equals - line) : strlen(line));
	char *value = equals ? assigned_value(a, equals + 1) : arena_strdup(a, "");
	if (!config_find(name))
		return false;
	if (!equals && !config_is_bool(name)) {
		*e = err_new(a, "please specify a value, e.g. %s=<val>", name);
		return true;
	}
	if (strcmp(name, "sample_index") == 0)
		*e = set_sample_index(sh, a, &value);
	if (!*e)
		*e = config_assign(sh->arena, &sh->config, name, value);
	return true;
}

static void on_interrupt(int sig)
{
	cancel_work();
}

static struct err *report(struct shell *sh, struct arena *a, const char *line)
{
	struct shell_command c;
	struct err *e = shell_parse(a, line, &sh->config, &c);
	if (e)
		return e;
	struct pass_cache *cache = sh->session->profile->pass_cache;
	pass_cache_pause(cache);
	// ^C on a terminal ends the report. (The line editor has its own, see shell_input.c; a script's ends
	// all of us.)
	struct sigaction interrupt = {.sa_handler = on_interrupt}, old;
	if (sh->env->in_is_terminal)
		sigaction(SIGINT, &interrupt, &old);
	e = deliver_report(a, sh->session, c.command, c.param, &c.config, c.pager);
	if (sh->env->in_is_terminal)
		sigaction(SIGINT, &old, NULL);
	cancel_forget();
	bool is_due = guess_is_due(&sh->guess, &sh->config);
	pass_cache_prepare(cache, is_due ? guess_make : NULL, &sh->guess);
	return e;
}

static void obey(struct shell *sh, struct arena *a, const char *line)
{
	struct err *e = NULL;
	size_t n = 0;
	char **words = shell_split(a, line, &n);
	const char *word = n ? words[0] : "";
	if (assign(sh, a, line, &e) || !n) {
		// Done, or wrong.
	} else if (strcmp(word, "o") == 0 || strcmp(word, "options") == 0) {
		print_options(sh, a);
	} else if (strcmp(word, "q") == 0 || strcmp(word, "quit") == 0 || strcmp(word, "exit") == 0) {
		sh->is_over = true;
	} else if (strcmp(word, "help") == 0) {
		const char *topic = strstr(line, "help") + 4;
		print_help(sh, trimmed(a, topic, strlen(topic)));
	} else {
		e = report(sh, a, line);
	}
	if (e)
		env_warn(sh->env, "%s", e->message);
}

// The lines one line stands for: `:`, a sample type, mean_TYPE, total_TYPE; NULL-terminated.
static const char *const *expand(struct shell *sh, struct arena *a, const char *line)
{
	static const char *const forget[] = {
			"focus=", "ignore=", "hide=", "tagfocus=", "tagignore=", NULL};
	const struct profile *p = sh->session->profile;
	const char **lines = arena_array(a, const char *, 3);
	const char **types = sample_types(a, p);
	if (strcmp(line, ":") == 0)
		return forget;
	lines[0] = line;
	for (uint32_t i = p->nsample_types; i-- > 0;) {
		const char *select = arena_printf(a, "sample_index=%s", types[i]);
		bool is_mean = strcmp(line, arena_printf(a, "mean_%s", types[i])) == 0;
		if (strcmp(line, types[i]) == 0) {
			lines[0] = select;
			break;
		}
		if (is_mean || strcmp(line, arena_printf(a, "total_%s", types[i])) == 0) {
			lines[0] = is_mean ? "mean=1" : "mean=0";
			lines[1] = select;
			break;
		}
	}
	return lines;
}

struct err *shell_run(struct arena *a, const struct session *s, const struct config *config)
{
	struct shell sh = {.arena = a, .session = s, .env = s->env, .config = *config, .guess = {.session = s}};
	sh.config.compact_labels = true;
	greet(&sh);
	struct shell_input *in = shell_input_open(a, s->env, s->profile);
	const char *line;
	while (!sh.is_over && (line = shell_input_line(in))) {
		struct arena scratch = {0};
		const char *const *lines = expand(&sh, &scratch, trimmed(&scratch, line, strlen(line)));
		for (; *lines && !sh.is_over; lines++)
			obey(&sh, &scratch, *lines);
		arena_deinit(&scratch);
	}
	pass_cache_pause(s->profile->pass_cache); // what it guesses from is sh
	shell_input_close(in);
	return NULL;
}
