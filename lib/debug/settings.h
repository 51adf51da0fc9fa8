// SPDX-License-Identifier: MIT
// Context: EARLY. What CPROFDEBUG asks for.
#ifndef CPROF_DEBUG_SETTINGS_H
#define CPROF_DEBUG_SETTINGS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct cp_debug_settings {
	int64_t schedtrace_ms; // 0: off
	bool scheddetail;
	bool gctrace;
	bool allocfreetrace;
	bool inittrace; // lib/inittrace's
	char path[PATH_MAX]; // output=PATH, %p: the process id; "": stderr
};

/**
 * Reads name=value pairs as Go reads GODEBUG: separated by commas, a later one wins, names that are not
 * known and numbers that are none are passed over. True: something is asked for that
 * lib/debug does.
 */
bool cp_debug_settings_parse(struct cp_debug_settings *s, const char *text);

#endif
