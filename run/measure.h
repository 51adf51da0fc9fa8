// SPDX-License-Identifier: MIT
// What a profile amounts to, without loading it as the analyzer would.
#ifndef CPROF_RUN_MEASURE_H
#define CPROF_RUN_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

struct measure {
	char program[128]; // base name of the first profile's main program; "": not known
	char heap_unseen[128]; // the comment on why the heap is not in it; "": it is
	bool is_checkpoint; // it was written while the program ran
	int64_t samples; // the first sample type
	int64_t cpu_ns;  // the one named "cpu"
	int64_t inuse_bytes, peak_bytes, alloc_bytes; // "inuse_space", "peak_space", "alloc_space"
	int64_t delay_ns; // "delay"
	int64_t threads; // by the comments, 0: they do not tell
};

/** Adds what the file holds; false: it is no whole profile. */
bool measure_add(const char *path, struct measure *m);

#endif
