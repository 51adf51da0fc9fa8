// SPDX-License-Identifier: MIT
// calls FILE TEXT: each system call that waits makes a thread do so once, in a function of its own; what it
// must have waited is printed (waiting.h).
#include <cprof/pprof.h>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "waiting.h"

enum { BUFFER_BYTES = 1 << 16 };

static int ours, theirs; // a connected pair: the waiter has `ours`
static int listener, epoll_fd, empty_pipe[2];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char byte, full[BUFFER_BYTES];
static struct iovec one_byte = {&byte, 1};
static struct msghdr message = {.msg_iov = &one_byte, .msg_iovlen = 1};
static struct mmsghdr messages = {.msg_hdr = {.msg_iov = &one_byte, .msg_iovlen = 1}};
static struct pollfd polled;
static struct epoll_event event;
static struct timespec long_time = {60, 0};
static fd_set selected;
static pid_t child;

ssize_t __read_chk(int fd, void *buffer, size_t size, size_t buffer_size);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t buffer_size, int flags);
int __poll_chk(struct pollfd *fds, nfds_t nfds, int timeout_ms, size_t fds_size);

/** Until who writes must wait for the other side to read. */
static void fill(int fd)
{
	while (send(fd, full, sizeof(full), MSG_DONTWAIT) > 0)
		;
}

/// What a byte from the other side ends

WAITER(in_read, read(ours, &byte, 1) != 1, 0)
WAITER(in_readv, readv(ours, &one_byte, 1) != 1, 0)
WAITER(in_read_chk, __read_chk(ours, &byte, 1, 1) != 1, 0)
WAITER(in_recv, recv(ours, &byte, 1, 0) != 1, 0)
WAITER(in_recv_chk, __recv_chk(ours, &byte, 1, 1, 0) != 1, 0)
WAITER(in_recvfrom, recvfrom(ours, &byte, 1, 0, NULL, NULL) != 1, 0)
WAITER(in_recvmsg, recvmsg(ours, &message, 0) != 1, 0)
WAITER(in_recvmmsg, recvmmsg(ours, &messages, 1, 0, NULL) != 1, 0)
WAITER(in_poll, poll(&polled, 1, -1) != 1, read(ours, &byte, 1))
WAITER(in_poll_chk, __poll_chk(&polled, 1, -1, sizeof(polled)) != 1, read(ours, &byte, 1))
WAITER(in_ppoll, ppoll(&polled, 1, &long_time, NULL) != 1, read(ours, &byte, 1))
WAITER(in_select, select(ours + 1, &selected, NULL, NULL, NULL) != 1, read(ours, &byte, 1))
WAITER(in_pselect, pselect(ours + 1, &selected, NULL, NULL, &long_time, NULL) != 1, read(ours, &byte, 1))
WAITER(in_epoll_wait, epoll_wait(epoll_fd, &event, 1, -1) != 1, read(ours, &byte, 1))
WAITER(in_epoll_pwait, epoll_pwait(epoll_fd, &event, 1, -1, NULL) != 1, read(ours, &byte, 1))

/// What reading on the other side ends

WAITER(in_write, write(ours, full, sizeof(full)) <= 0, 0)
WAITER(in_writev, writev(ours, &(struct iovec){full, sizeof(full)}, 1) <= 0, 0)
WAITER(in_send, send(ours, full, sizeof(full), 0) <= 0, 0)
WAITER(in_sendto, sendto(ours, full, sizeof(full), 0, NULL, 0) <= 0, 0)
WAITER(in_sendmsg,
		sendmsg(ours, &(struct msghdr){.msg_iov = &(struct iovec){full, sizeof(full)}, .msg_iovlen = 1}, 0) <=
				0,
		0)

/// Others

WAITER(in_accept, (ours = accept(listener, NULL, NULL)) < 0, 0)
WAITER(in_accept4, (ours = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0, 0)
WAITER(in_connect, connect(ours, (struct sockaddr *)&address, sizeof(address)), 0)
WAITER(in_waitpid, waitpid(child, NULL, 0) != child, 0)
WAITER(in_waitid, waitid(P_PID, (id_t)child, &(siginfo_t){0}, WEXITED), 0)
WAITER(in_nanosleep, nanosleep(&(struct timespec){0, 40 * 1000000}, NULL), 0)
WAITER(in_clock_nanosleep, clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, 40 * 1000000}, NULL), 0)
WAITER(in_usleep, usleep(40000), 0)
WAITER(in_sleep, sleep(1), 0)

static void open_pair(void)
{
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
		abort();
	ours = fds[0];
	theirs = fds[1];
	polled = (struct pollfd){.fd = ours, .events = POLLIN};
	FD_ZERO(&selected);
	FD_SET(ours, &selected);
	epoll_fd = epoll_create1(0);
	event = (struct epoll_event){.events = EPOLLIN};
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ours, &event);
}

static void close_pair(void)
{
	close(ours);
	close(theirs);
	close(epoll_fd);
}

static void let_read(void (*waiter)(void))
{
	open_pair();
	hold_against(waiter, 0);
	if (write(theirs, "", 1) != 1)
		abort();
	join_waiter();
	close_pair();
}

static void let_write(void (*waiter)(void))
{
	open_pair();
	fill(ours);
	hold_against(waiter, 0);
	while (pthread_tryjoin_np(waiter_thread, NULL) != 0) {
		recv(theirs, full, sizeof(full), MSG_DONTWAIT);
		usleep(100);
	}
	close_pair();
}

/** Others are in the listener's queue until it is full. */
static void let_be_accepted(void (*waiter)(void))
{
	int others[16], nothers = 0;
	do
		others[nothers] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	while (connect(others[nothers++], (struct sockaddr *)&address, sizeof(address)) == 0 && nothers < 16);
	ours = socket(AF_UNIX, SOCK_STREAM, 0);
	hold_against(waiter, 0);
	for (int i = 0; i < nothers; i++)
		close(accept(listener, NULL, NULL)); // all but the one that failed, and the waiter
	join_waiter();
	close(ours);
	for (int i = 0; i < nothers; i++)
		close(others[i]);
}

static void let_connect(void (*waiter)(void))
{
	hold_against(waiter, 0);
	theirs = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(theirs, (struct sockaddr *)&address, sizeof(address)) < 0)
		abort();
	join_waiter();
	close_pair();
}

static void let_child_end(void (*waiter)(void))
{
	if (pipe(empty_pipe) < 0)
		abort();
	child = fork();
	if (child == 0) {
		close(empty_pipe[1]);
		_exit(read(empty_pipe[0], &byte, 1) != 0);
	}
	close(empty_pipe[0]);
	hold_against(waiter, 0);
	close(empty_pipe[1]);
	join_waiter();
}

static void listen_somewhere(void)
{
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "cprof-calls-%d", (int)getpid());
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 1) < 0)
		abort();
}

int main(int argc, char **argv)
{
	static void (*const readers[])(void) = {in_read, in_readv, in_read_chk, in_recv, in_recv_chk, in_recvfrom,
			in_recvmsg, in_recvmmsg, in_poll, in_poll_chk, in_ppoll, in_select, in_pselect, in_epoll_wait,
			in_epoll_pwait};
	static void (*const writers[])(void) = {in_write, in_writev, in_send, in_sendto, in_sendmsg};
	static void (*const sleepers[])(void) = {in_nanosleep, in_clock_nanosleep, in_usleep, in_sleep};
	if (argc < 3)
		return 2;
	listen_somewhere();
	if (cprof_set_syscall_profile_rate(1) != 0)
		return 3;
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++)
		let_read(readers[i]);
	for (size_t i = 0; i < sizeof(writers) / sizeof(*writers); i++)
		let_write(writers[i]);
	let_connect(in_accept);
	let_connect(in_accept4);
	let_be_accepted(in_connect);
	let_child_end(in_waitpid);
	let_child_end(in_waitid);
	for (size_t i = 0; i < sizeof(sleepers) / sizeof(*sleepers); i++) {
		least_ns = 40 * 1000000;
		run_waiter((void *)(uintptr_t)sleepers[i]);
	}
	cprof_set_syscall_profile_rate(0);
	let_read(in_read); // not recorded
	const struct cprof_profile *syscalls = cprof_lookup("syscall");
	if (cprof_profile_write_to(syscalls, cprof_to_path(argv[1]), 0) != 0 ||
			cprof_profile_write_to(syscalls, cprof_to_path(argv[2]), 1) != 0)
		return 5;
	return 0;
}
