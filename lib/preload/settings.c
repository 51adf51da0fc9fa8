// SPDX-License-Identifier: MIT
// Context: CTL.
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "write/vformat.h"

enum { DEFAULT_RATE_HZ = 100, MAX_RATE_HZ = 10000 };

static const int64_t DEFAULT_HEAP_RATE_BYTES = 512 << 10, MAX_HEAP_RATE_BYTES = (int64_t)1 << 40;
static const int64_t MAX_WAIT_RATE_NS = (int64_t)1 << 40, DEFAULT_SYSCALL_RATE_NS = 10000;

static const char *const file_variables[CP_SETTINGS_KINDS] = {
		"CPROF_CPUPROFILE", "CPROF_MEMPROFILE", "CPROF_BLOCKPROFILE", "CPROF_MUTEXPROFILE",
		"CPROF_SYSCALLPROFILE", "CPROF_THREADPROFILE"};

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

static int64_t parse_rate(const char *text, int64_t max, int64_t otherwise)
{
	int64_t rate = text ? parse_number(&text, max) : -1;
	return rate > 0 && *text == '\0' ? rate : otherwise;
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

static bool read_file(struct cp_settings_file *f, const char *path)
{
	if (!path || !*path || strlen(path) >= sizeof(f->path))
		return false;
	memcpy(f->path, path, strlen(path) + 1);
	for (size_t i = 0, len; path[i]; i += len)
		f->has_pid |= next_part(path + i, &len) == 'p';
	return true;
}

bool cp_settings_read(struct cp_settings *s)
{
	bool is_asked = read_file(&s->http, secure_getenv("CPROF_HTTP"));
	for (int i = 0; i < CP_SETTINGS_KINDS; i++)
		is_asked |= read_file(&s->files[i], secure_getenv(file_variables[i]));
	s->rate_hz = (int)parse_rate(secure_getenv("CPROF_CPURATE"), MAX_RATE_HZ, DEFAULT_RATE_HZ);
	s->engine = parse_engine(secure_getenv("CPROF_CPUENGINE"));
	s->heap_rate_bytes = parse_rate(secure_getenv("CPROF_MEMPROFILERATE"), MAX_HEAP_RATE_BYTES,
			DEFAULT_HEAP_RATE_BYTES);
	s->block_rate_ns = parse_rate(secure_getenv("CPROF_BLOCKPROFILERATE"), MAX_WAIT_RATE_NS, 1);
	s->mutex_fraction = parse_rate(secure_getenv("CPROF_MUTEXPROFILEFRACTION"), INT_MAX, 1);
	s->syscall_rate_ns = parse_rate(secure_getenv("CPROF_SYSCALLPROFILERATE"), MAX_WAIT_RATE_NS,
			DEFAULT_SYSCALL_RATE_NS);
	parse_run(secure_getenv("CPROF_RUN"), s);
	return is_asked;
}

int cp_settings_expand(const struct cp_settings_file *f, int pid, char *path_out, size_t size)
{
	size_t used = 0;
	for (size_t i = 0, len; f->path[i]; i += len) {
		char what = next_part(f->path + i, &len);
		used += what == 'p' ? cp_format(path_out + used, size - used, "%d", pid)
				    : cp_format(path_out + used, size - used, "%c",
						      what ? what : f->path[i]);
		if (used + 1 >= size)
			return -ENAMETOOLONG;
	}
	path_out[used] = '\0';
	return 0;
}
