// SPDX-License-Identifier: MIT
// Context: CTL.
#include "settings.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_RATE_HZ = 100, MAX_RATE_HZ = 10000 };

static const int64_t DEFAULT_HEAP_RATE_BYTES = 512 << 10, MAX_HEAP_RATE_BYTES = (int64_t)1 << 40;
static const int64_t MAX_WAIT_RATE_NS = (int64_t)1 << 40, DEFAULT_SYSCALL_RATE_NS = 10000;

static const char *const file_variables[CP_RECORD_KINDS] = {
		[CP_RECORD_CPU] = "CPROF_CPUPROFILE",
		[CP_RECORD_HEAP] = "CPROF_MEMPROFILE",
		[CP_RECORD_ALLOCS] = "CPROF_ALLOCSPROFILE",
		[CP_RECORD_BLOCK] = "CPROF_BLOCKPROFILE",
		[CP_RECORD_MUTEX] = "CPROF_MUTEXPROFILE",
		[CP_RECORD_SYSCALL] = "CPROF_SYSCALLPROFILE",
		[CP_RECORD_WALL] = "CPROF_WALLPROFILE",
		[CP_RECORD_TRACE] = "CPROF_TRACE",
		[CP_RECORD_THREADS] = "CPROF_THREADPROFILE",
		[CP_RECORD_THREADCREATE] = "CPROF_THREADCREATEPROFILE",
};

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

/** PID:NANOSECONDS:INODE, as `cprof run` writes it. */
static void parse_run(const char *text, struct cp_settings *s)
{
	int64_t pid = text ? parse_number(&text, INT_MAX) : -1;
	if (pid <= 0 || *text != ':')
		return;
	text++;
	int64_t start_ns = parse_number(&text, INT64_MAX);
	if (start_ns <= 0 || *text != ':')
		return;
	text++;
	int64_t inode = parse_number(&text, INT64_MAX);
	if (inode >= 0 && *text == '\0') {
		s->root_pid = (int)pid;
		s->start_ns = start_ns;
		s->pid_namespace = inode;
	}
}

/** The next of "%p", "%%" or any character; its length in *len_out. */
static char next_part(const char *at, size_t *len_out)
{
	bool is_escape = at[0] == '%' && (at[1] == 'p' || at[1] == '%');
	*len_out = is_escape ? 2 : 1;
	return is_escape ? at[1] == 'p' ? 'p' : '%' : 0;
}

static bool read_path(struct cp_settings *s, const char *name, const char **path_out, bool *has_pid_out)
{
	const char *given = secure_getenv(name);
	size_t bytes = given ? strlen(given) + 1 : 1;
	if (bytes == 1 || bytes > PATH_MAX)
		return false;
	*path_out = memcpy(s->text + s->text_bytes, given, bytes);
	s->text_bytes += bytes;
	for (size_t i = 0, len; given[i]; i += len)
		*has_pid_out |= next_part(given + i, &len) == 'p';
	return true;
}

/** 0: none is kept, if none is asked for but those a client may. */
static int64_t read_heap_rate(const struct cp_settings *s)
{
	const char *text = secure_getenv("CPROF_MEMPROFILERATE");
	if (text && strcmp(text, "0") == 0 && !s->recording.paths[CP_RECORD_HEAP] &&
			!s->recording.paths[CP_RECORD_ALLOCS])
		return 0;
	return parse_rate(text, MAX_HEAP_RATE_BYTES, DEFAULT_HEAP_RATE_BYTES);
}

static void read_rates(struct cp_settings *s)
{
	struct cp_record *records = s->recording.records;
	s->heap_rate_bytes = read_heap_rate(s);
	s->recording.engine = parse_engine(secure_getenv("CPROF_CPUENGINE"));
	records[CP_RECORD_CPU].rate = parse_rate(secure_getenv("CPROF_CPURATE"), MAX_RATE_HZ, DEFAULT_RATE_HZ);
	records[CP_RECORD_WALL].rate = DEFAULT_RATE_HZ;
	records[CP_RECORD_HEAP].rate = records[CP_RECORD_ALLOCS].rate = s->heap_rate_bytes;
	records[CP_RECORD_BLOCK].rate = parse_rate(secure_getenv("CPROF_BLOCKPROFILERATE"), MAX_WAIT_RATE_NS, 1);
	records[CP_RECORD_MUTEX].rate = parse_rate(secure_getenv("CPROF_MUTEXPROFILEFRACTION"), INT_MAX, 1);
	records[CP_RECORD_SYSCALL].rate = parse_rate(secure_getenv("CPROF_SYSCALLPROFILERATE"), MAX_WAIT_RATE_NS,
			DEFAULT_SYSCALL_RATE_NS);
}

bool cp_settings_read(struct cp_settings *s)
{
	bool is_asked = read_path(s, "CPROF_HTTP", &s->http, &s->has_http_pid);
	for (int i = 0; i < CP_RECORD_KINDS; i++) {
		bool has_pid = false;
		is_asked |= read_path(s, file_variables[i], &s->recording.paths[i], &has_pid);
		s->with_pid |= (uint32_t)has_pid << i;
	}
	read_rates(s);
	s->recording.skip_empty = s->with_pid & 1u << CP_RECORD_CPU;
	s->dump_signal = (int)parse_rate(secure_getenv("CPROF_DUMPSIGNAL"), NSIG - 1, 0);
	s->has_lock_sites = parse_rate(secure_getenv("CPROF_LOCKSITES"), 1, 0);
	parse_run(secure_getenv("CPROF_RUN"), s);
	return is_asked || s->dump_signal;
}
