// SPDX-License-Identifier: MIT
// Completion (see complete.h). Functions are found by any part of their name, as reports match them.
#include "complete.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool/profile/regex.h"

#include "command.h"
#include "config.h"

// A list longer than this helps nobody.
enum { MAX_ITEMS = 2000 };

static void add(struct arena *a, struct completions *out, const char *item)
{
	if (out->n == MAX_ITEMS)
		return;
	if (!out->items)
		out->items = arena_array(a, char *, MAX_ITEMS);
	out->items[out->n++] = arena_strdup(a, item);
}

static void add_prefixed(struct arena *a, struct completions *out, const char *item, const char *word)
{
	if (strncasecmp(item, word, strlen(word)) == 0)
		add(a, out, item);
}

static void add_commands(struct arena *a, struct completions *out, const char *word)
{
	for (const struct command *c = commands; c->name; c++)
		add_prefixed(a, out, c->name, word);
}

// As they begin a line: with the '=' of those that need a value.
static void add_options(struct arena *a, struct completions *out, const char *word, bool with_equals)
{
	for (const struct config_field *f = config_fields; f->name; f++) {
		bool needs_value = with_equals && f->kind != CONFIG_BOOL;
		add_prefixed(a, out, arena_printf(a, "%s%s", f->name, needs_value ? "=" : ""), word);
	}
}

static void add_builtins(struct arena *a, struct completions *out, const char *word)
{
	static const char *const names[] = {"help", "options", "quit", "exit"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_prefixed(a, out, names[i], word);
}

static void add_sample_types(struct arena *a, const struct profile *p, struct completions *out,
		const char *word)
{
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		struct str type = profile_str(p, p->sample_types[i].type);
		add_prefixed(a, out, arena_strndup(a, type.ptr, type.len), word);
	}
}

static void add_values(struct arena *a, const struct profile *p, struct completions *out,
		const char *option, const char *word)
{
	const struct config_field *f = config_find(option);
	if (!f)
		return;
	for (const char *const *choice = f->choices; choice && *choice; choice++)
		add_prefixed(a, out, *choice, word);
	if (strcmp(f->name, "sample_index") == 0)
		add_sample_types(a, p, out, word);
	if (f->kind == CONFIG_BOOL) {
		add_prefixed(a, out, "true", word);
		add_prefixed(a, out, "false", word);
	}
}

// A name as one word that matches itself alone: special characters quoted, blanks as \x20.
static const char *as_regexp(struct arena *a, struct str name)
{
	struct str quoted = regex_quote(a, name);
	char *out = arena_alloc(a, quoted.len * 4 + 1, 1);
	size_t len = 0;
	for (size_t i = 0; i < quoted.len; i++) {
		if (isspace((unsigned char)quoted.ptr[i]))
			len += (size_t)sprintf(out + len, "\\x%02x", quoted.ptr[i]);
		else
			out[len++] = quoted.ptr[i];
	}
	return out;
}

static void add_functions(struct arena *a, const struct profile *p, struct completions *out,
		const char *word)
{
	const char *dash = *word == '-' ? "-" : "";
	word += *word == '-';
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		struct str name = profile_str(p, p->functions[i].name);
		struct str quoted = str_from(as_regexp(a, name));
		bool fits = memmem(name.ptr, name.len, word, strlen(word)) ||
				memmem(quoted.ptr, quoted.len, word, strlen(word));
		if (name.len && fits)
			add(a, out, arena_printf(a, "%s%s", dash, quoted.ptr));
	}
}

static int compare(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

static void sort_unique(struct completions *c)
{
	size_t kept = 0;
	if (c->n)
		qsort(c->items, c->n, sizeof(*c->items), compare);
	for (size_t i = 0; i < c->n; i++) {
		if (kept == 0 || strcmp(c->items[kept - 1], c->items[i]) != 0)
			c->items[kept++] = c->items[i];
	}
	c->n = kept;
}

static size_t word_begin(const char *line)
{
	size_t at = strlen(line);
	while (at && !isspace((unsigned char)line[at - 1]))
		at--;
	return at;
}

struct completions complete(struct arena *a, const struct profile *p, const char *line)
{
	line += strspn(line, " \t");
	struct completions out = {.begin = word_begin(line)};
	const char *word = line + out.begin;
	size_t first_len = strcspn(line, " \t=");
	const char *first = arena_strndup(a, line, first_len);
	const char *equals = strchr(line, '=');
	if (equals && config_find(first)) {
		out.begin = (size_t)(equals - line) + 1;
		add_values(a, p, &out, first, equals + 1);
	} else if (out.begin == 0 || strcmp(first, "help") == 0) {
		bool is_first = out.begin == 0;
		add_commands(a, &out, word);
		add_options(a, &out, word, is_first);
		if (is_first) {
			add_builtins(a, &out, word);
			add_sample_types(a, p, &out, word);
		}
	} else if (command_find(first, first_len) && strcmp(first, "tags") != 0) {
		add_functions(a, p, &out, word);
	}
	sort_unique(&out);
	return out;
}

size_t completions_common(const struct completions *c)
{
	size_t len = c->n ? strlen(c->items[0]) : 0;
	for (size_t i = 1; i < c->n; i++) {
		size_t same = 0;
		while (same < len && c->items[i][same] == c->items[0][same])
			same++;
		len = same;
	}
	return len;
}
