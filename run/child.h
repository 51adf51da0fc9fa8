// SPDX-License-Identifier: MIT
// A child process that the shell should take for us: signals go through, stops and its end are ours.
#ifndef CPROF_RUN_CHILD_H
#define CPROF_RUN_CHILD_H

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/process_times.h"

struct child {
	pid_t pid;
	int start_error;     // errno of fork or exec; else 0
	int status;          // of wait4(), where it was started
	struct rusage usage; // of the child, and of its children it waited for
	struct process_times own_times;
};

struct child_program {
	const char *path;
	char **argv;
	char **(*make_environment)(void *arg, pid_t pid); // called in the child; NULL: it has ours
	void (*prepare)(void *arg, pid_t pid);            // called here, while the child waits for its exec; or NULL
	void *arg;
};

/** Runs it to its end. All signals stay blocked here. */
struct child child_run(struct arena *a, const struct child_program *program);

/** Ends this process as the child did where that was a signal; else returns its exit status. */
int child_mirror_end(const struct child *c);

#endif
