// SPDX-License-Identifier: MIT
// Starting programs and talking to both their ends (see pipe.h).
#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/quote.h"
#include "base/program.h"

static struct err *start(struct arena *a, const char *const argv[], int in, int out, pid_t *pid_out)
{
	int error = program_start(argv, in, out, STREAM_OURS, pid_out);
	if (error == ENOENT && !strchr(argv[0], '/'))
		return err_new(a, "exec: %s: executable file not found in $PATH",
				quote_go(a, str_from(argv[0])));
	return error ? err_new(a, "fork/exec %s: %s", argv[0], err_os(a, error)) : NULL;
}

struct err *process_start(struct arena *a, const char *const argv[], pid_t *pid_out)
{
	return start(a, argv, STREAM_OURS, STREAM_OURS, pid_out);
}

struct err *process_wait(struct arena *a, pid_t pid)
{
	int status = program_wait(pid);
	if (WIFSIGNALED(status))
		return err_new(a, "signal: %s", sigdescr_np(WTERMSIG(status)));
	int code = WEXITSTATUS(status);
	return code ? err_new(a, "exit status %d", code) : NULL;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

// Writes input to `to` and reads `from` to its end, whichever is ready: neither side may block the
// other. False: the client has hung up.
static bool exchange(int *to, int from, struct str input, int client_fd, struct buf *out)
{
	fcntl(*to, F_SETFL, O_NONBLOCK);
	bool is_open = true;
	while (is_open) {
		struct pollfd fds[] = {{.fd = *to, .events = POLLOUT}, {.fd = from, .events = POLLIN},
				{.fd = client_fd > 0 ? client_fd : -1, .events = POLLRDHUP}};
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			break;
		if (fds[2].revents)
			return false;
		if (*to >= 0 && fds[0].revents) {
			ssize_t n = write(*to, input.ptr, input.len);
			if (n >= 0)
				input = str_slice(input, (size_t)n, input.len);
			// A reader that has seen enough is no failure.
			if (input.len == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
				close_end(to);
		}
		if (fds[1].revents) {
			buf_reserve(out, 1 << 16);
			ssize_t n = read(from, out->ptr + out->len, 1 << 16);
			if (n > 0)
				out->len += (size_t)n;
			is_open = n > 0 || (n < 0 && errno == EINTR);
		}
	}
	close_end(to);
	return true;
}

struct err *pipe_through(struct arena *a, const char *const argv[], struct str input, struct buf *out)
{
	return pipe_through_for(a, argv, input, 0, out);
}

struct err *pipe_through_for(struct arena *a, const char *const argv[], struct str input, int client_fd,
		struct buf *out)
{
	int in_pipe[2] = {-1, -1}, out_pipe[2] = {-1, -1};
	if (pipe2(in_pipe, O_CLOEXEC) < 0 || pipe2(out_pipe, O_CLOEXEC) < 0) {
		int errnum = errno;
		close_end(&in_pipe[0]);
		close_end(&in_pipe[1]);
		return err_new(a, "pipe: %s", err_os(a, errnum));
	}
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	pid_t pid;
	struct err *e = start(a, argv, in_pipe[0], out_pipe[1], &pid);
	close_end(&in_pipe[0]);
	close_end(&out_pipe[1]);
	if (!e) {
		if (!exchange(&in_pipe[1], out_pipe[0], input, client_fd, out))
			kill(pid, SIGKILL);
		e = process_wait(a, pid);
	}
	close_end(&in_pipe[1]);
	close_end(&out_pipe[0]);
	signal(SIGPIPE, old);
	return e;
}

struct err *shell_pipe_open(struct arena *a, const char *command_line, struct shell_pipe *out)
{
	const char *const argv[] = {"/bin/sh", "-c", command_line, NULL};
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_new(a, "pipe: %s", err_os(a, errno));
	fflush(stdout);
	struct err *e = start(a, argv, ends[0], STREAM_OURS, &out->pid);
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
