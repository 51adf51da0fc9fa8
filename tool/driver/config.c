// SPDX-License-Identifier: MIT
// Reading and setting options through their table (see config.h, config_table.c).
#include "config.h"

#include <stdint.h>
#include <strings.h>

#include "base/num.h"
#include "base/quote.h"

struct choice_help {
	const char *name, *help;
};

static const struct choice_help choice_helps[] = {
		{"flat", "Sort entries by their own weight"},
		{"cum", "Sort entries by their weight and that of all they call"},
		{"functions", "One entry a function, wherever it is defined"},
		{"filefunctions", "One entry a function and file"},
		{"files", "One entry a source file"},
		{"lines", "One entry a source line"},
		{"addresses", "One entry an instruction address"},
};

static bool has_choice(const struct config_field *f, const char *name)
{
	for (const char *const *c = f->choices; c && *c; c++) {
		if (strcmp(*c, name) == 0)
			return true;
	}
	return false;
}

const struct config_field *config_find(const char *name)
{
	for (const struct config_field *f = config_fields; f->name; f++) {
		if (strcmp(f->name, name) == 0 || has_choice(f, name))
			return f;
	}
	return NULL;
}

const char *config_help(const char *name)
{
	const struct config_field *f = config_find(name);
	if (!f)
		return NULL;
	for (size_t i = 0; i < sizeof(choice_helps) / sizeof(choice_helps[0]); i++) {
		if (strcmp(choice_helps[i].name, name) == 0)
			return choice_helps[i].help;
	}
	return f->help;
}

bool config_is_bool(const char *name)
{
	const struct config_field *f = config_find(name);
	return f && (f->kind == CONFIG_BOOL || strcmp(f->name, name) != 0);
}

void *config_ptr(struct config *c, const struct config_field *f)
{
	return (char *)c + f->offset;
}

const char *config_get(struct arena *a, const struct config *c, const struct config_field *f)
{
	const void *p = (const char *)c + f->offset;
	switch (f->kind) {
	case CONFIG_BOOL:
		return *(const bool *)p ? "true" : "false";
	case CONFIG_INT:
		return arena_printf(a, "%d", *(const int *)p);
	case CONFIG_FLOAT:
		return num_format_float(a, *(const double *)p);
	default:
		return *(const char *const *)p;
	}
}

// Laxer than Go's ParseBool, as users of the shell are used to.
static struct err *set_bool(struct arena *a, bool *out, const char *value)
{
	static const char *const yes[] = {"true", "t", "yes", "y", "1", ""};
	static const char *const no[] = {"false", "f", "no", "n", "0", "0"};
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
			*out = strcasecmp(value, yes[i]) == 0;
			return NULL;
		}
	}
	return err_new(a, "illegal value \"%s\" for bool variable", value);
}

struct err *config_set(struct arena *a, struct config *c, const struct config_field *f,
		const char *value)
{
	void *p = config_ptr(c, f);
	int64_t i = 0;
	enum num_status st;
	switch (f->kind) {
	case CONFIG_BOOL:
		return set_bool(a, p, value);
	case CONFIG_INT:
		st = num_parse_int(value, 10, 32, &i);
		if (st != NUM_OK)
			return err_new(a, "strconv.Atoi: parsing %s: %s",
					quote_go(a, str_from(value)), num_status_text(st));
		*(int *)p = (int)i;
		return NULL;
	case CONFIG_FLOAT:
		st = num_parse_float(value, p);
		if (st != NUM_OK)
			return err_new(a, "strconv.ParseFloat: parsing %s: %s",
					quote_go(a, str_from(value)), num_status_text(st));
		return NULL;
	case CONFIG_STRING:
		break;
	}
	if (f->choices && !has_choice(f, value))
		return err_new(a, "invalid %s value %s", quote_go(a, str_from(f->name)),
				quote_go(a, str_from(value)));
	*(const char **)p = arena_strdup(a, value);
	return NULL;
}

struct err *config_assign(struct arena *a, struct config *c, const char *name, const char *value)
{
	const struct config_field *f = config_find(name);
	bool is_on;
	if (f && strcmp(f->name, name) == 0)
		return config_set(a, c, f, value);
	if (f && num_parse_bool(value, &is_on) && is_on)
		return config_set(a, c, f, name);
	return err_new(a, "unknown config field %s", quote_go(a, str_from(name)));
}
