// SPDX-License-Identifier: MIT
// Context: CTL. go test's flags, taken out of a command line.
#ifndef CPROF_TESTING_FLAGS_H
#define CPROF_TESTING_FLAGS_H

#include "record/recording.h"

struct cp_testing_flags {
	const char *files[CP_RECORD_KINDS]; // NULL: not asked for. Strings are those of argv
	int64_t mem_rate_bytes;             // 0: as it is
	int64_t block_rate_ns, mutex_fraction; // below 0: no profile
	const char *outputdir; // NULL: the current directory
	const char *bench;     // NULL: no benchmarks run
	int64_t benchtime_ns;  // 0: benchtime_n times
	int64_t benchtime_n;
	int64_t count;
	bool benchmem;
};

/** Fills in the flags and removes them from argv. 0, or -EINVAL: *complaint_out tells, in Go's words. */
int cp_testing_flags_take(int *argc, char **argv, struct cp_testing_flags *flags_out, char complaint_out[256]);

#endif
