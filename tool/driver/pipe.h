// SPDX-License-Identifier: MIT
// Other programs at work on a report: filters that change it, pagers and viewers that show it.
#ifndef CPROF_TOOL_DRIVER_PIPE_H
#define CPROF_TOOL_DRIVER_PIPE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/** Gives `input` to argv (NULL-terminated) and appends what it prints. Its standard error is ours. */
struct err *pipe_through(struct arena *a, const char *const argv[], struct str input, struct buf *out);

/** The same; client_fd: see filter_run(). */
struct err *pipe_through_for(struct arena *a, const char *const argv[], struct str input, int client_fd,
		struct buf *out);

// A shell command that reads what we write and whose output is ours: "less", "head -3". While it is open
// SIGPIPE is ignored: who quits less has seen enough, and write() says EPIPE.
struct shell_pipe {
	int fd; // write here
	pid_t pid;
	void (*old_sigpipe)(int);
};

struct err *shell_pipe_open(struct arena *a, const char *command_line, struct shell_pipe *out);
/** Lets the command see the end of its input, and waits for its own. */
struct err *shell_pipe_close(struct arena *a, struct shell_pipe *p);

/** Starts argv. The error is as Go's: `exec: "eog": executable file not found in $PATH`. */
struct err *process_start(struct arena *a, const char *const argv[], pid_t *pid_out);

/** Waits for its end: NULL, or "exit status 3". */
struct err *process_wait(struct arena *a, pid_t pid);

#endif
