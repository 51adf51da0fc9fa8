// SPDX-License-Identifier: MIT
// Context: CTL. See flags.h.
#include "flags.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "write/vformat.h"

enum { COMPLAINT_BYTES = 256 };

static const int64_t MAX_NUMBER = (int64_t)1 << 40;

enum flag {
	CPUPROFILE,
	MEMPROFILE,
	BLOCKPROFILE,
	MUTEXPROFILE,
	TRACE,
	OUTPUTDIR,
	BENCH,
	BENCHTIME,
	MEMPROFILERATE,
	BLOCKPROFILERATE,
	MUTEXPROFILEFRACTION,
	COUNT,
	BENCHMEM,
	NFLAGS,
};

static const char *const names[NFLAGS] = {"cpuprofile", "memprofile", "blockprofile", "mutexprofile", "trace",
		"outputdir", "bench", "benchtime", "memprofilerate", "blockprofilerate", "mutexprofilefraction",
		"count", "benchmem"};

/** The flag an argument is; NFLAGS: none of ours. *value_out: behind "=", NULL: there is none. */
static enum flag flag_of(const char *arg, const char **value_out)
{
	if (arg[0] != '-' || arg[1] == '\0')
		return NFLAGS;
	const char *name = arg + (arg[1] == '-' ? 2 : 1);
	if (strncmp(name, "test.", 5) == 0)
		name += 5;
	size_t len = strcspn(name, "=");
	*value_out = name[len] == '=' ? name + len + 1 : NULL;
	enum flag flag = 0;
	while (flag < NFLAGS && (strncmp(names[flag], name, len) != 0 || names[flag][len] != '\0'))
		flag++;
	return flag;
}

static bool parse_int(const char *value, int64_t least, int64_t *number_out)
{
	char *end;
	errno = 0;
	long long number = strtoll(value, &end, 0);
	if (*value == '\0' || *end || errno || number < least || number > MAX_NUMBER)
		return false;
	*number_out = number;
	return true;
}

static bool parse_bool(const char *value, bool *bool_out)
{
	static const char *const words[] = {"0", "f", "F", "false", "FALSE", "False", "1", "t", "T",
			"true", "TRUE", "True"};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(value, words[i]) == 0) {
			*bool_out = i >= sizeof(words) / sizeof(*words) / 2;
			return true;
		}
	}
	return false;
}

/** Digits with at most one point among them, whatever the locale's is. False: there are none. */
static bool take_decimal(const char **text, double *number_out)
{
	double number = 0, scale = 1;
	bool is_behind_point = false;
	const char *c = *text;
	size_t ndigits = 0;
	for (; (*c >= '0' && *c <= '9') || (*c == '.' && !is_behind_point); c++) {
		if (*c == '.') {
			is_behind_point = true;
			continue;
		}
		number = number * 10 + (*c - '0');
		scale *= is_behind_point ? 10 : 1;
		ndigits++;
	}
	*text = c;
	*number_out = number / scale;
	return ndigits > 0;
}

/** "1.5s", "300ms", "1m30s". */
static bool parse_duration(const char *value, int64_t *ns_out)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {{"ns", 1}, {"us", 1e3}, {"\u00b5s", 1e3}, {"\u03bcs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9},
			{"h", 3600e9}};
	const size_t nunits = sizeof(units) / sizeof(*units);
	double ns = 0, number;
	do {
		size_t i = 0;
		if (!take_decimal(&value, &number))
			return false;
		while (i < nunits && strncmp(value, units[i].unit, strlen(units[i].unit)) != 0)
			i++;
		if (i == nunits)
			return false;
		ns += number * units[i].ns;
		value += strlen(units[i].unit);
	} while (*value);
	*ns_out = ns >= 1 && ns < 1e18 ? (int64_t)ns : 0;
	return *ns_out > 0;
}

/** A duration; or "100x". */
static bool parse_benchtime(const char *value, struct cp_testing_flags *f)
{
	size_t len = strlen(value);
	if (len < 2 || value[len - 1] != 'x')
		return parse_duration(value, &f->benchtime_ns);
	char *end;
	errno = 0;
	long long number = strtoll(value, &end, 10);
	f->benchtime_ns = 0;
	f->benchtime_n = number;
	return end == value + len - 1 && !errno && number >= 1 && number <= 1000000000;
}

static bool parse_regexp(const char *value, const char **regexp_out)
{
	regex_t regex;
	if (regcomp(&regex, value, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	regfree(&regex);
	*regexp_out = *value ? value : NULL;
	return true;
}

/** As in Go, an empty name is none: what a script makes of a variable that is not set. */
static bool set_name(const char *value, const char **name_out)
{
	*name_out = *value ? value : NULL;
	return true;
}

static bool set(struct cp_testing_flags *f, enum flag flag, const char *value)
{
	switch (flag) {
	case CPUPROFILE:
		return set_name(value, &f->files[CP_RECORD_CPU]);
	case MEMPROFILE:
		return set_name(value, &f->files[CP_RECORD_ALLOCS]);
	case BLOCKPROFILE:
		return set_name(value, &f->files[CP_RECORD_BLOCK]);
	case MUTEXPROFILE:
		return set_name(value, &f->files[CP_RECORD_MUTEX]);
	case TRACE:
		return set_name(value, &f->files[CP_RECORD_TRACE]);
	case OUTPUTDIR:
		return set_name(value, &f->outputdir);
	case BENCH:
		return parse_regexp(value, &f->bench);
	case BENCHTIME:
		return parse_benchtime(value, f);
	case MEMPROFILERATE:
		return parse_int(value, INT64_MIN, &f->mem_rate_bytes);
	case BLOCKPROFILERATE:
		return parse_int(value, INT64_MIN, &f->block_rate_ns);
	case MUTEXPROFILEFRACTION:
		return parse_int(value, INT64_MIN, &f->mutex_fraction);
	case COUNT:
		return parse_int(value, 0, &f->count);
	case BENCHMEM:
		return parse_bool(value, &f->benchmem);
	default:
		return false;
	}
}

int cp_testing_flags_take(int *argc, char **argv, struct cp_testing_flags *flags_out, char complaint_out[256])
{
	struct cp_testing_flags *f = flags_out;
	int kept = *argc > 0, i = kept;
	*f = (struct cp_testing_flags){.block_rate_ns = 1, .mutex_fraction = 1, .benchtime_ns = 1000000000, .count = 1};
	for (; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		const char *value;
		enum flag flag = flag_of(argv[i], &value);
		if (flag == NFLAGS) {
			argv[kept++] = argv[i];
			continue;
		}
		if (!value && flag == BENCHMEM)
			value = "true";
		if (!value && i + 1 < *argc)
			value = argv[++i];
		if (!value || !set(f, flag, value)) {
			cp_format(complaint_out, COMPLAINT_BYTES,
					value ? "invalid value \"%s\" for flag -%s" : "flag needs an argument%s: -%s",
					value ? value : "", names[flag]);
			return -EINVAL;
		}
	}
	for (; i < *argc; i++)
		argv[kept++] = argv[i];
	argv[kept] = NULL;
	*argc = kept;
	return 0;
}
