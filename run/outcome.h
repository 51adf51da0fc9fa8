// SPDX-License-Identifier: MIT
// Which profiles came out of a run.
//
// Told by their names, and by what was not there before, or is not what it was: the library writes PATH, with %p
// replaced, and keeps what an earlier image of the same process wrote there as PATH.1, PATH.2, ...
// (lib/preload/earlier.c).
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

/** What there is under the names of `path`, the profile asked for, %p and all; before the program begins. */
const struct outcome_past *outcome_look(struct arena *a, const char *path);

/** Removes half files that processes which were killed have left; so does outcome_find(). */
void outcome_tidy(struct arena *a, const struct injection_file *file);

/** What has come since. */
void outcome_find(struct arena *a, const struct injection_file *file, struct outcome *outcome_out);

#endif
