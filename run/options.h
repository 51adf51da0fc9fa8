// SPDX-License-Identifier: MIT
// The command line of `cprof run`.
#ifndef CPROF_RUN_OPTIONS_H
#define CPROF_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct run_options {
	const char *cpuprofile; // as given, NULL: none; %p: the process id
	int rate_hz;            // 0: the library's own
	const char *engine;     // NULL: the library's own choice
	const char *memprofile; // NULL: none
	int64_t mem_rate_bytes; // 0: the library's own
	const char *blockprofile; // NULL: none
	int64_t block_rate_ns;    // 0: the library's own
	const char *mutexprofile; // NULL: none
	int64_t mutex_fraction;   // 0: the library's own
	const char *syscallprofile; // NULL: none
	int64_t syscall_rate_ns;    // 0: the library's own
	const char *threadprofile; // NULL: none
	bool leak;              // -leak: show what was never freed
	const char *http;       // where to serve /debug/pprof/; NULL: nowhere
	bool help;
	char **program; // its argv, NULL-terminated
};

extern const char run_usage[];

/** NULL, or what is wrong. */
struct err *run_options_parse(struct arena *a, int argc, char **argv, struct run_options *options_out);

#endif
