// SPDX-License-Identifier: MIT
// Which profiles came out of a run.
//
// Told by their names and their age: the library writes PATH, with %p replaced, and keeps what an earlier
// image of the same process wrote there as PATH.1, PATH.2, ... (lib/preload/earlier.c).
#ifndef CPROF_RUN_OUTCOME_H
#define CPROF_RUN_OUTCOME_H

#include "inject.h"
#include "measure.h"

/** Profiles of one sort. */
struct outcome_files {
	int count;
	struct measure measure; // summed
	const char **paths;
	bool are_earlier; // so ".1" and so on stand behind the names
};

struct outcome {
	struct outcome_files last;    // under the names asked for
	struct outcome_files earlier; // of images that exec replaced
	int ndamaged;
};

/** True if the name holds a %p. */
bool outcome_is_per_process(const char *file);

/** `path`: the profile asked for, %p and all; start_ns: what is older is not of this run. */
void outcome_find(struct arena *a, const char *path, int64_t start_ns, struct outcome *outcome_out);

#endif
