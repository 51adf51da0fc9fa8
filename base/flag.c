// SPDX-License-Identifier: MIT
// Walking argv by a table of flags (see flag.h).
#include "flag.h"

#include <limits.h>
#include <stdint.h>

#include "num.h"
#include "quote.h"

static const struct flag *find(const struct flag *flags, size_t nflags, const char *name, size_t len)
{
	for (size_t i = 0; i < nflags; i++) {
		if (strlen(flags[i].name) == len && memcmp(flags[i].name, name, len) == 0)
			return &flags[i];
	}
	return NULL;
}

static struct err *bad_value(struct arena *a, const struct flag *f, const char *value,
		enum num_status st)
{
	return err_new(a, "invalid value %s for flag -%s: %s", quote_go(a, str_from(value)), f->name,
			st == NUM_RANGE ? "value out of range" : "parse error");
}

static struct err *set(struct arena *a, const struct flag *f, const char *value)
{
	int64_t i;
	enum num_status st = NUM_OK;
	switch (f->kind) {
	case FLAG_BOOL:
		if (!num_parse_bool(value, f->value))
			return err_new(a, "invalid boolean value %s for -%s: parse error",
					quote_go(a, str_from(value)), f->name);
		return NULL;
	case FLAG_INT:
		st = num_parse_int(value, 0, 64, &i);
		// Go's int has 64 bits; nothing here is counted beyond 32.
		if (st == NUM_OK)
			*(int *)f->value = i > INT_MAX ? INT_MAX : i < INT_MIN ? INT_MIN : (int)i;
		break;
	case FLAG_FLOAT:
		st = num_parse_float(value, f->value);
		break;
	case FLAG_STRING:
		*(const char **)f->value = value;
		break;
	}
	return st == NUM_OK ? NULL : bad_value(a, f, value, st);
}

struct err *flag_parse(struct arena *a, const struct flag *flags, size_t nflags, int argc,
		const char *const *argv, struct flag_result *out)
{
	int i = 0;
	*out = (struct flag_result){0};
	while (i < argc && argv[i][0] == '-' && argv[i][1]) {
		const char *name = argv[i] + 1 + (argv[i][1] == '-');
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (*name == '-' || *name == '=' || !*name)
			return err_new(a, "bad flag syntax: %s", argv[i]);
		const char *value = strchr(name, '=');
		size_t len = value ? (size_t)(value - name) : strlen(name);
		const struct flag *f = find(flags, nflags, name, len);
		if (!f) {
			out->asks_for_help = (len == 1 && name[0] == 'h') ||
					(len == 4 && memcmp(name, "help", 4) == 0);
			return out->asks_for_help ? NULL : err_new(a,
					"flag provided but not defined: -%.*s", (int)len, name);
		}
		i++;
		if (value)
			value++;
		else if (f->kind == FLAG_BOOL)
			value = "true";
		else if (i < argc)
			value = argv[i++];
		else
			return err_new(a, "flag needs an argument: -%s", f->name);
		struct err *e = set(a, f, value);
		if (e)
			return e;
	}
	out->first_arg = i;
	return NULL;
}
