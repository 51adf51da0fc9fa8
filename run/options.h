// SPDX-License-Identifier: MIT
// The command lines of `cprof run` and `cprof test`.
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
	bool is_heap_off;       // -memprofilerate 0; of `cprof test`: as it is
	const char *blockprofile; // NULL: none
	int64_t block_rate_ns;    // 0: the library's own
	const char *mutexprofile; // NULL: none
	int64_t mutex_fraction;   // 0: the library's own
	const char *syscallprofile; // NULL: none
	int64_t syscall_rate_ns;    // 0: the library's own
	const char *threadprofile; // NULL: none
	const char *wallprofile;   // NULL: none
	const char *trace;         // NULL: none
	const char *threadcreateprofile; // NULL: none
	int64_t dump_signal;    // 0: none
	bool lock_sites;        // -locksites: keep where locks were taken
	const char *allocsprofile; // of `cprof test` its -memprofile, as go test's; NULL: none
	const char *outputdir;  // of `cprof test`: where files go; NULL: here
	bool is_test;           // it is `cprof test`
	bool leak;              // -leak: show what was never freed
	const char *http;       // where to serve /debug/pprof/; NULL: nowhere
	bool help;
	char **program; // its argv, NULL-terminated
};

extern const char run_usage[], test_usage[];

/** argv[0] is "test", or else "run". NULL, or what is wrong. */
struct err *run_options_parse(struct arena *a, int argc, char **argv, struct run_options *options_out);

#endif
