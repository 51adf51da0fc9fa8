// SPDX-License-Identifier: MIT
// How the library gets into the program: LD_PRELOAD, and its options beside it in the environment.
#ifndef CPROF_RUN_INJECT_H
#define CPROF_RUN_INJECT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "options.h"

struct outcome_past;

/** A profile that is to be written. */
struct injection_file {
	const char *given; // as the user wrote it; NULL: not asked for
	const char *path;  // absolute, since the program may change its directory
	const struct outcome_past *past; // what is there before the program begins
};

struct injection {
	const char *library;      // libcprof-preload.so, absolute
	struct injection_file cpu, heap, allocs, block, mutex, syscalls, threads, threadcreate, wall, trace;
	const char *http; // where to serve; NULL: nowhere
	const char *obstacle; // why the program has no profile from inside: "./a is statically linked"; NULL: it has
	const struct run_options *options;
	uint64_t pid_namespace; // its inode, 0: not known
	int64_t start_ns; // CLOCK_REALTIME: what is older is not of an earlier image of this process
};

/** Finds the library beside this executable and the profile's directory. */
struct err *inject_prepare(struct arena *a, const struct run_options *options,
		struct injection *injection_out);

/** The environment of the program, to be called in its process (root_pid: its id). */
char **inject_environment(struct arena *a, const struct injection *in, pid_t root_pid);

#endif
