// SPDX-License-Identifier: MIT
// Context: CTL.
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "write/vformat.h"

enum { DEFAULT_RATE_HZ = 100, MAX_RATE_HZ = 10000 };

/** Digits only, at most `max`; moves *text behind them. -1: none, or more. */
static int64_t parse_number(const char **text, int64_t max)
{
	int64_t value = 0;
	const char *start = *text;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		int digit = **text - '0';
		if (value > (max - digit) / 10)
			return -1;
		value = value * 10 + digit;
	}
	return *text > start ? value : -1;
}

static int parse_rate(const char *text)
{
	int64_t rate = text ? parse_number(&text, MAX_RATE_HZ) : -1;
	return rate > 0 && *text == '\0' ? (int)rate : DEFAULT_RATE_HZ;
}

static enum cprof_cpu_engine parse_engine(const char *text)
{
	if (text && strcmp(text, "timer") == 0)
		return CPROF_CPU_TIMER;
	if (text && strcmp(text, "perf") == 0)
		return CPROF_CPU_PERF;
	if (text && strcmp(text, "itimer") == 0)
		return CPROF_CPU_ITIMER;
	return CPROF_CPU_AUTO;
}

/** PID:NANOSECONDS, as `cprof run` writes it. */
static void parse_run(const char *text, struct cp_settings *s)
{
	int64_t pid = text ? parse_number(&text, INT_MAX) : -1;
	if (pid <= 0 || *text != ':')
		return;
	text++;
	int64_t start_ns = parse_number(&text, INT64_MAX);
	if (start_ns > 0 && *text == '\0') {
		s->root_pid = (int)pid;
		s->start_ns = start_ns;
	}
}

/** The next of "%p", "%%" or any character; its length in *len_out. */
static char next_part(const char *at, size_t *len_out)
{
	bool is_escape = at[0] == '%' && (at[1] == 'p' || at[1] == '%');
	*len_out = is_escape ? 2 : 1;
	return is_escape ? at[1] == 'p' ? 'p' : '%' : 0;
}

bool cp_settings_read(struct cp_settings *s)
{
	const char *path = secure_getenv("CPROF_CPUPROFILE");
	*s = (struct cp_settings){0};
	if (!path || !*path || strlen(path) >= sizeof(s->path))
		return false;
	memcpy(s->path, path, strlen(path) + 1);
	for (size_t i = 0, len; path[i]; i += len)
		s->has_pid |= next_part(path + i, &len) == 'p';
	s->rate_hz = parse_rate(secure_getenv("CPROF_CPURATE"));
	s->engine = parse_engine(secure_getenv("CPROF_CPUENGINE"));
	parse_run(secure_getenv("CPROF_RUN"), s);
	return true;
}

int cp_settings_expand(const struct cp_settings *s, int pid, char *path_out, size_t size)
{
	size_t used = 0;
	for (size_t i = 0, len; s->path[i]; i += len) {
		char what = next_part(s->path + i, &len);
		used += what == 'p' ? cp_format(path_out + used, size - used, "%d", pid)
				    : cp_format(path_out + used, size - used, "%c",
						      what ? what : s->path[i]);
		if (used + 1 >= size)
			return -ENAMETOOLONG;
	}
	path_out[used] = '\0';
	return 0;
}
