// SPDX-License-Identifier: MIT
// Context: CTL. The CPROF_* variables, read once.
#ifndef CPROF_PRELOAD_SETTINGS_H
#define CPROF_PRELOAD_SETTINGS_H

#include <cprof/pprof.h>
#include <limits.h>

struct cp_settings {
	// A copy: programs overwrite their environment's memory (setproctitle).
	char path[PATH_MAX];
	bool has_pid; // %p in path
	int rate_hz;
	enum cprof_cpu_engine engine;
	int root_pid;     // of the process `cprof run` started, 0: not by it
	int64_t start_ns; // CLOCK_REALTIME of that
};

/** False: nothing is asked for, or the environment may not be trusted (AT_SECURE). */
bool cp_settings_read(struct cp_settings *s);

/** The profile's path for process `pid`. -ENAMETOOLONG. */
int cp_settings_expand(const struct cp_settings *s, int pid, char *path_out, size_t size);

#endif
