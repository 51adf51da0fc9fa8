// SPDX-License-Identifier: MIT
// Context: EARLY. See settings.h.
#include "settings.h"

#include <stddef.h>
#include <string.h>

static const int64_t MAX_VALUE = 1000000000;

/** Of the `len` characters at text, digits only. -1: no such number. */
static int64_t parse_number(const char *text, size_t len)
{
	int64_t value = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || value > MAX_VALUE)
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return len > 0 ? value : -1;
}

static bool is_name(const char *text, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(text, name, len) == 0;
}

static void set_path(struct cp_debug_settings *s, const char *value, size_t len)
{
	if (len >= sizeof(s->path))
		return;
	memcpy(s->path, value, len);
	s->path[len] = '\0';
}

static void parse_pair(struct cp_debug_settings *s, const char *pair, size_t len)
{
	const char *equals = memchr(pair, '=', len);
	if (!equals)
		return;
	size_t name_len = (size_t)(equals - pair);
	const char *value = equals + 1;
	size_t value_len = len - name_len - 1;
	if (is_name(pair, name_len, "output")) {
		set_path(s, value, value_len);
		return;
	}
	int64_t number = parse_number(value, value_len);
	if (number < 0)
		return;
	if (is_name(pair, name_len, "schedtrace"))
		s->schedtrace_ms = number;
	else if (is_name(pair, name_len, "scheddetail"))
		s->scheddetail = number > 0;
	else if (is_name(pair, name_len, "gctrace"))
		s->gctrace = number > 0;
	else if (is_name(pair, name_len, "inittrace"))
		s->inittrace = number > 0;
	else if (is_name(pair, name_len, "allocfreetrace"))
		s->allocfreetrace = number > 0;
}

bool cp_debug_settings_parse(struct cp_debug_settings *s, const char *text)
{
	*s = (struct cp_debug_settings){0};
	while (*text) {
		size_t len = strcspn(text, ",");
		parse_pair(s, text, len);
		text += len + (text[len] == ',');
	}
	return s->schedtrace_ms > 0 || s->gctrace || s->allocfreetrace;
}
