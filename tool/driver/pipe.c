// SPDX-License-Identifier: MIT
// Starting programs and talking to both their ends (see pipe.h).
#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/filter.h"
#include "base/program.h"
#include "base/quote.h"

static struct err *start_failed(struct arena *a, const char *program, int error)
{
	if (error == ENOENT && !strchr(program, '/'))
		return err_new(a, "exec: %s: executable file not found in $PATH", quote_go(a, str_from(program)));
	return error ? err_new(a, "fork/exec %s: %s", program, err_os(a, error)) : NULL;
}

static struct err *start(struct arena *a, const char *const argv[], int in, pid_t *pid_out)
{
	return start_failed(a, argv[0], program_start(argv, in, STREAM_OURS, STREAM_OURS, pid_out));
}

struct err *process_start(struct arena *a, const char *const argv[], pid_t *pid_out)
{
	return start(a, argv, STREAM_OURS, pid_out);
}

static struct err *status_error(struct arena *a, int status)
{
	if (WIFSIGNALED(status))
		return err_new(a, "signal: %s", sigdescr_np(WTERMSIG(status)));
	int code = WEXITSTATUS(status);
	return code ? err_new(a, "exit status %d", code) : NULL;
}

struct err *process_wait(struct arena *a, pid_t pid)
{
	return status_error(a, program_wait(pid));
}

struct err *pipe_through(struct arena *a, const char *const argv[], struct str input, struct buf *out)
{
	return pipe_through_for(a, argv, input, 0, out);
}

struct err *pipe_through_for(struct arena *a, const char *const argv[], struct str input, int client_fd,
		struct buf *out)
{
	int status;
	int error = filter_run(argv, input, STREAM_OURS, client_fd, out, &status);
	return error ? start_failed(a, argv[0], error) : status_error(a, status);
}

struct err *shell_pipe_open(struct arena *a, const char *command_line, struct shell_pipe *out)
{
	const char *const argv[] = {"/bin/sh", "-c", command_line, NULL};
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_new(a, "pipe: %s", err_os(a, errno));
	fflush(stdout);
	struct err *e = start(a, argv, ends[0], &out->pid);
	close(ends[0]);
	if (e) {
		close(ends[1]);
		return e;
	}
	out->fd = ends[1];
	out->old_sigpipe = signal(SIGPIPE, SIG_IGN);
	return NULL;
}

struct err *shell_pipe_close(struct arena *a, struct shell_pipe *p)
{
	close(p->fd);
	signal(SIGPIPE, p->old_sigpipe);
	return process_wait(a, p->pid);
}
