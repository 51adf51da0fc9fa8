// SPDX-License-Identifier: MIT
// Context: CTL. The CPROF_* variables, read once.
#ifndef CPROF_PRELOAD_SETTINGS_H
#define CPROF_PRELOAD_SETTINGS_H

#include <cprof/pprof.h>
#include <limits.h>

/** Where one profile goes. A copy: programs overwrite their environment's memory (setproctitle). */
struct cp_settings_file {
	char path[PATH_MAX]; // "": not asked for
	bool has_pid;        // %p in path
};

enum cp_settings_kind {
	CP_SETTINGS_CPU,
	CP_SETTINGS_HEAP,
	CP_SETTINGS_BLOCK,
	CP_SETTINGS_MUTEX,
	CP_SETTINGS_SYSCALL,
	CP_SETTINGS_THREADS,
	CP_SETTINGS_KINDS,
};

struct cp_settings {
	struct cp_settings_file files[CP_SETTINGS_KINDS];
	struct cp_settings_file http; // an address; %p only in "unix:/path"
	int rate_hz;
	enum cprof_cpu_engine engine;
	int64_t heap_rate_bytes, block_rate_ns, mutex_fraction, syscall_rate_ns;
	int root_pid;     // of the process `cprof run` started, 0: not by it
	int64_t start_ns; // CLOCK_REALTIME of that
};

/** Fills *s, which is all zero. False: nothing is asked for, or the environment may not be trusted (AT_SECURE). */
bool cp_settings_read(struct cp_settings *s);

/** The file's path for process `pid`. -ENAMETOOLONG. */
int cp_settings_expand(const struct cp_settings_file *f, int pid, char *path_out, size_t size);

#endif
