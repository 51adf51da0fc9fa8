// SPDX-License-Identifier: MIT
// Context: CTL. The CPROF_* variables, read once.
#ifndef CPROF_PRELOAD_SETTINGS_H
#define CPROF_PRELOAD_SETTINGS_H

#include "record/recording.h"

/** Copies: programs overwrite their environment's memory (setproctitle). */
struct cp_settings {
	struct cp_recording recording;
	uint32_t with_pid; // bits of enum cp_record_kind: %p is in its path
	const char *http;        // the address, NULL: none
	bool has_http_pid;       // %p is in it: "unix:/path"
	int64_t heap_rate_bytes; // also of a heap that is only served
	int dump_signal;         // 0: none
	bool has_lock_sites;
	int root_pid;            // of the process `cprof run` started, 0: not by it
	int64_t start_ns;        // CLOCK_REALTIME of that
	int64_t pid_namespace;   // its inode, 0: not known
	size_t text_bytes;
	char text[(1 + CP_RECORD_KINDS) * PATH_MAX]; // of all paths, one behind another
};

/** Fills *s, which is all zero. False: nothing is asked for, or the environment may not be trusted (AT_SECURE). */
bool cp_settings_read(struct cp_settings *s);

#endif
