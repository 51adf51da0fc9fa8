// SPDX-License-Identifier: MIT
// The grammar of the shell's reports (see shell_command.h): command [N] [focus]... [-ignore]... [-cum]
// [>file] [| program].
#include "shell_command.h"

#include <ctype.h>

#include "base/num.h"
#include "base/quote.h"

enum { SHELL_TOP_NODES = 10 };

struct words {
	struct arena *arena;
	char **at; // what is left; NULL-terminated
	const char *focus, *ignore;
};

char **shell_split(struct arena *a, const char *line, size_t *n_out)
{
	size_t max = strlen(line) / 2 + 2;
	char **words = arena_array(a, char *, max);
	size_t n = 0;
	for (;;) {
		while (isspace((unsigned char)*line))
			line++;
		if (!*line)
			break;
		const char *begin = line;
		while (*line && !isspace((unsigned char)*line))
			line++;
		words[n++] = arena_strndup(a, begin, (size_t)(line - begin));
	}
	*n_out = n;
	return words;
}

// "a|b", or the one that is not empty.
static const char *either(struct arena *a, const char *x, const char *y)
{
	if (*x && *y)
		return arena_printf(a, "%s|%s", x, y);
	return *x ? x : y;
}

// top10 is top 10.
static const struct command *find_with_digits(struct words *w, char *word)
{
	size_t len = strlen(word), digits = len;
	while (digits && isdigit((unsigned char)word[digits - 1]))
		digits--;
	const struct command *c = command_find(word, len);
	if (c || digits == len || digits == 0)
		return c;
	c = command_find(word, digits);
	if (c)
		*--w->at = word + digits;
	return c;
}

static struct err *unknown(struct arena *a, const char *word, const char *next)
{
	// Its complaint names what is left without the digits, as it looked last for that.
	size_t len = strlen(word);
	size_t name_len = len;
	while (name_len && isdigit((unsigned char)word[name_len - 1]))
		name_len--;
	if (name_len == 0)
		name_len = len;
	char *name = arena_strndup(a, word, name_len);
	const struct config_field *field = config_find(name);
	bool is_by_choice = field && field->choices && strcmp(field->name, name) == 0; // cum is set, not sort
	if (field && !is_by_choice) {
		const char *value = name_len < len ? word + name_len : next ? next : "<val>";
		return err_new(a, "did you mean: %s=%s", name, value);
	}
	return err_new(a, "unrecognized command: %s", quote_go(a, str_from(name)));
}

static struct err *take_word(struct words *w, struct shell_command *out)
{
	char *word = *w->at++;
	int64_t n;
	if (num_parse_int(word, 10, 32, &n) == NUM_OK) {
		out->config.nodecount = (int)n;
	} else if (*word == '>') {
		const char *file = word + 1;
		if (!*file)
			file = *w->at ? *w->at++ : "";
		if (!*file)
			return err_new(w->arena, "unexpected end of line after >");
		out->config.output = file;
	} else if (strcmp(word, "-cum") == 0 || strcmp(word, "--cum") == 0) {
		out->config.sort = "cum";
	} else if (*word == '-') {
		w->ignore = either(w->arena, w->ignore, word + 1);
	} else {
		w->focus = either(w->arena, w->focus, word);
	}
	return NULL;
}

static void set_filters(const struct words *w, struct shell_command *out)
{
	bool of_tags = out->command->format == REPORT_TAGS;
	const char **focus = of_tags ? &out->config.tagfocus : &out->config.focus;
	const char **ignore = of_tags ? &out->config.tagignore : &out->config.ignore;
	if (*w->focus)
		*focus = w->focus;
	if (*w->ignore)
		*ignore = w->ignore;
}

// Cuts `line` before a '|' that stands behind a word and a blank; returns what is behind it.
static const char *cut_pager(char *line)
{
	for (char *p = line + strspn(line, " \t\n\v\f\r") + 1; p[-1] && *p; p++) {
		if (*p != '|' || !isspace((unsigned char)p[-1]))
			continue;
		*p++ = '\0';
		while (isspace((unsigned char)*p))
			p++;
		return *p ? p : NULL;
	}
	return NULL;
}

struct err *shell_parse(struct arena *a, const char *line, const struct config *current,
		struct shell_command *out)
{
	size_t n;
	char *own = arena_strdup(a, line);
	*out = (struct shell_command){.config = *current, .pager = cut_pager(own)};
	char **words = shell_split(a, own, &n);
	struct words w = {a, words + (n > 0), "", ""};
	const char *name = n ? words[0] : "";
	out->command = find_with_digits(&w, words[0]);
	if (!out->command)
		return unknown(a, name, words[1]);
	if (out->command->has_param) {
		if (!*w.at)
			return err_new(a, "command %s requires an argument", out->command->name);
		out->param = *w.at++;
	}
	while (*w.at) {
		struct err *e = take_word(&w, out);
		if (e)
			return e;
	}
	set_filters(&w, out);
	if (out->config.nodecount == -1 && out->command->format == REPORT_TEXT)
		out->config.nodecount = SHELL_TOP_NODES;
	return NULL;
}
