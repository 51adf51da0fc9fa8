// SPDX-License-Identifier: MIT
// What people type: command lines, lines of the shell, URLs, option values. The first byte chooses; a line
// that is understood is looked at, so that a pointer into nowhere shows.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/flag.h"
#include "base/num.h"
#include "base/path.h"
#include "tool/driver/shell_command.h"
#include "tool/driver/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void flags(struct arena *a, const char *line)
{
	struct config c = config_defaults;
	struct flag table[64];
	size_t nflags = 0, nwords;
	for (const struct config_field *f = config_fields; f->name; f++)
		table[nflags++] = (struct flag){f->name, (enum flag_kind)f->kind, config_ptr(&c, f)};
	char **words = shell_split(a, line, &nwords);
	struct flag_result r;
	struct err *e = flag_parse(a, table, nflags, (int)nwords, (const char *const *)words, &r);
	if (!e && !r.asks_for_help && r.first_arg > (int)nwords)
		abort();
	for (const struct config_field *f = config_fields; f->name; f++) {
		const char *value = config_get(a, &c, f);
		if (!value || strlen(value) > strlen(line) + 400)
			abort();
	}
}

static void shell(struct arena *a, const char *line)
{
	struct shell_command c;
	struct config current = config_defaults;
	size_t nwords;
	shell_split(a, line, &nwords);
	if (!nwords || shell_parse(a, line, &current, &c))
		return;
	if (c.command->has_param != (c.param != NULL) || !*c.command->name)
		abort();
	if (strlen(c.config.focus) + strlen(c.config.ignore) + strlen(c.config.output) > 2 * strlen(line))
		abort();
}

static void url(struct arena *a, const char *text)
{
	struct profile_url first = profile_url_of(a, text, "/d", -1, -1);
	if (!first.text)
		return;
	// What it makes of a URL it takes again, and leaves alone.
	struct profile_url again = profile_url_of(a, first.text, "/d", -1, first.timeout_s);
	if (!again.text || strcmp(again.text, first.text) != 0)
		abort();
}

static void values(struct arena *a, const char *text)
{
	double d;
	struct config c = config_defaults;
	for (const struct config_field *f = config_fields; f->name; f++)
		config_assign(a, &c, f->name, text);
	if (num_parse_float(text, &d) == NUM_OK && d == d) {
		double back;
		if (num_parse_float(num_format_float(a, d), &back) != NUM_OK || back != d)
			abort();
	}
	char *clean = path_clean(a, str_from(text));
	if (strcmp(clean, path_clean(a, str_from(clean))) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(struct arena *, const char *) = {flags, shell, url, values};
	struct arena a = {0};
	if (!size)
		return 0;
	kinds[data[0] % 4](&a, arena_strndup(&a, (const char *)data + 1, size - 1));
	arena_deinit(&a);
	return 0;
}
