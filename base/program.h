// SPDX-License-Identifier: MIT
// Other programs, started and waited for: objdump and dot, pagers and viewers, this program once more.
#ifndef CPROF_BASE_PROGRAM_H
#define CPROF_BASE_PROGRAM_H

#include <sys/types.h>

enum { STREAM_OURS = -1, STREAM_NULL = -2 };

/**
 * Starts argv[0], looked for in $PATH. Each of its standard streams is a file descriptor of ours, the one
 * we have (STREAM_OURS), or /dev/null (STREAM_NULL). 0 or an errno.
 */
int program_start(const char *const argv[], int in, int out, int err, pid_t *pid_out);

/** The same in a session of its own: no ^C or ^Z of the terminal is meant for it. */
int program_start_apart(const char *const argv[], int in, int out, int err, pid_t *pid_out);

/** The same for what works for us alone: where we end, however that may be, or the thread that started it, it is
 *  killed. */
int program_start_bound(const char *const argv[], int in, int out, int err, pid_t *pid_out);

/** Waits for its end; its wait status, 0 where whoever started us had us ignore SIGCHLD. */
int program_wait(pid_t pid);

#endif
