// SPDX-License-Identifier: MIT
// See filter.h.
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "program.h"

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
	if (!input.len)
		close_end(to);
	else
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
	return true;
}

bool filter_is_wanted(int client_fd)
{
	struct pollfd client = {.fd = client_fd, .events = POLLRDHUP};
	return poll(&client, 1, 0) <= 0;
}

int filter_run(const char *const argv[], struct str input, int err, int client_fd, struct buf *out, int *status_out)
{
	int in_pipe[2] = {-1, -1}, out_pipe[2] = {-1, -1};
	pid_t pid;
	void (*old)(int) = signal(SIGPIPE, SIG_IGN);
	int error = pipe2(in_pipe, O_CLOEXEC) < 0 || pipe2(out_pipe, O_CLOEXEC) < 0 ? errno : 0;
	if (!error)
		error = program_start_bound(argv, in_pipe[0], out_pipe[1], err, &pid);
	close_end(&in_pipe[0]);
	close_end(&out_pipe[1]);
	if (!error) {
		if (!exchange(&in_pipe[1], out_pipe[0], input, client_fd, out))
			kill(pid, SIGKILL);
		close_end(&in_pipe[1]);
		*status_out = program_wait(pid);
	}
	close_end(&in_pipe[1]);
	close_end(&out_pipe[0]);
	signal(SIGPIPE, old);
	return error;
}
