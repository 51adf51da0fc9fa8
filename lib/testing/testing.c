// SPDX-License-Identifier: MIT
// Context: CTL. See testing.h. As in Go, a profile that cannot be started costs a line on stderr and no test.
#include "testing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "interpose/leave.h"
#include "kind/heap.h"
#include "kind/target.h"
#include "record/finish.h"
#include "sigsafe/atomic.h"
#include "sigsafe/sys.h"
#include "sigsafe/types.h"
#include "write/vformat.h"

enum { LINE_BYTES = 2 * PATH_MAX, COMPLAINT_BYTES = 256, CPU_RATE_HZ = 100 };

static struct cp_testing_flags flags;
static struct cp_recording recording;
static char paths[CP_RECORD_KINDS][PATH_MAX] CP_TABLE;
static _Atomic int owner_pid; // 0: nobody has called cp_testing_init()

const struct cp_testing_flags *cp_testing_flags(void)
{
	return &flags;
}

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list ap;
	va_start(ap, fmt);
	size_t len = cp_vformat(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	line[len++] = '\n';
	cp_write_fd((void *)(intptr_t)STDERR_FILENO, line, len);
}

/** In whose name percent signs are meant as such: nobody has written it for us. */
static int find_current(char path_out[PATH_MAX])
{
	char cwd[PATH_MAX];
	size_t len = 0;
	if (!getcwd(cwd, sizeof(cwd)))
		return -errno;
	for (const char *at = cwd; *at; at++) {
		if (len + 4 > PATH_MAX)
			return -ENAMETOOLONG;
		path_out[len++] = *at;
		if (*at == '%')
			path_out[len++] = '%';
	}
	memcpy(path_out + len, "/", 2);
	return 0;
}

/** Go: toOutputDir. Absolute, since tests change their directory. */
static int find_path(const char *file, char path_out[PATH_MAX])
{
	char current[PATH_MAX] = "";
	const char *dir = file[0] == '/' || !flags.outputdir ? "" : flags.outputdir;
	int ret = file[0] == '/' || dir[0] == '/' ? 0 : find_current(current);
	size_t len = cp_format(path_out, PATH_MAX, "%s%s%s%s", current, dir, dir[0] ? "/" : "", file);
	return ret < 0 ? ret : len + 1 < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/// At the end

static void leave(bool exits)
{
	cp_recording_leave(&recording, exits);
}

int cp_testing_stop(void)
{
	int error = cp_recording_stop(&recording);
	for (int kind = 0; kind < CP_RECORD_KINDS; kind++) {
		struct cp_record *record = &recording.records[kind];
		if (record->error && recording.paths[kind])
			say("testing: can't write %s: %s", recording.paths[kind], cprof_strerror(record->error));
		record->error = 0;
	}
	return error;
}

static void stop_at_quick_exit(void)
{
	cp_testing_stop();
}

static void stop_at_signal(int sig)
{
	cp_testing_stop();
}

/// At the beginning

static int64_t rate_of(enum cp_record_kind kind)
{
	switch (kind) {
	case CP_RECORD_CPU:
		return CPU_RATE_HZ;
	case CP_RECORD_TRACE:
		return 0;
	case CP_RECORD_BLOCK:
		return flags.block_rate_ns;
	case CP_RECORD_MUTEX:
		return flags.mutex_fraction;
	default:
		return flags.mem_rate_bytes > 0 ? flags.mem_rate_bytes : cp_heap_rate();
	}
}

/** 1: started; 0: not asked for, or in vain. */
static int start(enum cp_record_kind kind)
{
	struct cp_record *record = &recording.records[kind];
	record->rate = rate_of(kind);
	if (!flags.files[kind] || record->rate < 0)
		return 0;
	int ret = find_path(flags.files[kind], paths[kind]);
	recording.paths[kind] = paths[kind];
	if (ret == 0)
		ret = cp_recording_start(&recording, 1u << kind);
	if (ret == 0)
		return 1;
	say(kind == CP_RECORD_CPU ? "testing: can't start cpu profile: %s: %s" : "testing: can't write %s: %s",
			flags.files[kind], cprof_strerror(ret));
	record->error = 0;
	return 0;
}

static int start_all(void)
{
	int nstarted = 0;
	if (flags.mem_rate_bytes > 0) // also without -memprofile
		cp_heap_set_rate(flags.mem_rate_bytes);
	for (int kind = CP_RECORD_KINDS; kind-- > 0;) // the CPU profile is the last
		nstarted += start((enum cp_record_kind)kind);
	if (nstarted == 0)
		return 0;
	cp_leave_call(leave);
	at_quick_exit(stop_at_quick_exit);
	int ret = cp_finish_watch(stop_at_signal, &(struct cp_finish_how){0});
	if (ret < 0)
		say("testing: signals will end it without profiles: %s", cprof_strerror(ret));
	return nstarted;
}

int cp_testing_init(int *argc, char **argv)
{
	char complaint[COMPLAINT_BYTES];
	int nobody = 0;
	if (!compare_exchange(&owner_pid, &nobody, cp_getpid(), acq_rel))
		return -EALREADY;
	int ret = cp_testing_flags_take(argc, argv, &flags, complaint);
	if (ret < 0) {
		say("%s", complaint);
		return ret;
	}
	return start_all();
}

__attribute__((destructor)) static void destruct(void)
{
	if (load(&owner_pid, relaxed)) // else a sandbox may kill for the system calls
		cp_testing_stop();
}
