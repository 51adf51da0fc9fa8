// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Waiting for one of many file descriptors: see calls.h.
#include "again.h"

/** Under a mask of its own, in a program that has blocked all, comes each signal of ours that has waited for it, so
 *  that even a timer's tick ends the call: 100 a second ended one in 25. */
#define CP_STAND_IN_MASKED_AS(leaf, object, type, name, parameters, arguments)                       \
	static type again_##name parameters;                                                         \
	CP_STAND_IN_UNLESS(cp_calls_are_off() && !mask, again_##name, leaf, object, type, name, parameters, arguments)

#define CP_STAND_IN_MASKED(kind, object, type, name, parameters, arguments) \
	CP_OWN(name, kind);                                                 \
	CP_STAND_IN_MASKED_AS(name, object, type, name, parameters, arguments)

CP_STAND_IN_AGAIN(POLL, 0, int, poll, (struct pollfd *fds, nfds_t nfds, int timeout_ms), (fds, nfds, timeout_ms))
CP_STAND_IN_MASKED(POLL, 0, int, ppoll,
		(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout, const sigset_t *mask),
		(fds, nfds, timeout, mask))
CP_STAND_IN_AGAIN_AS(poll, 0, int, __poll_chk, (struct pollfd *fds, nfds_t nfds, int timeout_ms, size_t fds_size),
		(fds, nfds, timeout_ms, fds_size))
CP_STAND_IN_MASKED_AS(ppoll, 0, int, __ppoll_chk,
		(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout, const sigset_t *mask,
				size_t fds_size),
		(fds, nfds, timeout, mask, fds_size))

CP_STAND_IN_AGAIN(SELECT, 0, int, select, (int nfds, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout),
		(nfds, in, out, except, timeout))
CP_STAND_IN_MASKED(SELECT, 0, int, pselect,
		(int nfds, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout,
				const sigset_t *mask),
		(nfds, in, out, except, timeout, mask))

CP_STAND_IN_AGAIN(EPOLL, fd, int, epoll_wait, (int fd, struct epoll_event *events, int nevents, int timeout_ms),
		(fd, events, nevents, timeout_ms))
CP_STAND_IN_MASKED(EPOLL, fd, int, epoll_pwait,
		(int fd, struct epoll_event *events, int nevents, int timeout_ms, const sigset_t *mask),
		(fd, events, nevents, timeout_ms, mask))
#if defined(__GLIBC_PREREQ) && __GLIBC_PREREQ(2, 35)
CP_STAND_IN_MASKED(EPOLL, fd, int, epoll_pwait2,
		(int fd, struct epoll_event *events, int nevents, const struct timespec *timeout,
				const sigset_t *mask),
		(fd, events, nevents, timeout, mask))

static CP_BETWEEN int again_epoll_pwait2(int fd, struct epoll_event *events, int nevents,
		const struct timespec *timeout, const sigset_t *mask)
{
	CP_AGAIN_TIME(timeout, next_epoll_pwait2(fd, events, nevents, timeout, mask));
}
#endif

static CP_BETWEEN int again_poll(struct pollfd *fds, nfds_t nfds, int timeout_ms)
{
	CP_AGAIN_MS(timeout_ms, next_poll(fds, nfds, timeout_ms));
}

static CP_BETWEEN int again___poll_chk(struct pollfd *fds, nfds_t nfds, int timeout_ms, size_t fds_size)
{
	CP_AGAIN_MS(timeout_ms, next___poll_chk(fds, nfds, timeout_ms, fds_size));
}

static CP_BETWEEN int again_ppoll(
		struct pollfd *fds, nfds_t nfds, const struct timespec *timeout, const sigset_t *mask)
{
	CP_AGAIN_TIME(timeout, next_ppoll(fds, nfds, timeout, mask));
}

static CP_BETWEEN int again___ppoll_chk(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout,
		const sigset_t *mask, size_t fds_size)
{
	CP_AGAIN_TIME(timeout, next___ppoll_chk(fds, nfds, timeout, mask, fds_size));
}

/** Linux writes the time that is left into `timeout`, and leaves the sets as they are. */
static CP_BETWEEN int again_select(int nfds, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout)
{
	struct again a = again_for_ever();
	int result;
	do
		result = next_select(nfds, in, out, except, timeout);
	while (again_is_due(&a, result));
	return result;
}

static CP_BETWEEN int again_pselect(int nfds, fd_set *in, fd_set *out, fd_set *except,
		const struct timespec *timeout, const sigset_t *mask)
{
	CP_AGAIN_TIME(timeout, next_pselect(nfds, in, out, except, timeout, mask));
}

static CP_BETWEEN int again_epoll_wait(int fd, struct epoll_event *events, int nevents, int timeout_ms)
{
	CP_AGAIN_MS(timeout_ms, next_epoll_wait(fd, events, nevents, timeout_ms));
}

static CP_BETWEEN int again_epoll_pwait(
		int fd, struct epoll_event *events, int nevents, int timeout_ms, const sigset_t *mask)
{
	CP_AGAIN_MS(timeout_ms, next_epoll_pwait(fd, events, nevents, timeout_ms, mask));
}
