// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Waiting for one of many file descriptors: see calls.h.
#include "calls.h"

CP_STAND_IN(POLL, 0, int, poll, (struct pollfd *fds, nfds_t nfds, int timeout_ms), (fds, nfds, timeout_ms))
CP_STAND_IN(POLL, 0, int, ppoll,
		(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout, const sigset_t *mask),
		(fds, nfds, timeout, mask))
CP_STAND_IN_AS(poll, 0, int, __poll_chk, (struct pollfd *fds, nfds_t nfds, int timeout_ms, size_t fds_size),
		(fds, nfds, timeout_ms, fds_size))
CP_STAND_IN_AS(ppoll, 0, int, __ppoll_chk,
		(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout, const sigset_t *mask,
				size_t fds_size),
		(fds, nfds, timeout, mask, fds_size))

CP_STAND_IN(SELECT, 0, int, select, (int nfds, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout),
		(nfds, in, out, except, timeout))
CP_STAND_IN(SELECT, 0, int, pselect,
		(int nfds, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout,
				const sigset_t *mask),
		(nfds, in, out, except, timeout, mask))

CP_STAND_IN(EPOLL, fd, int, epoll_wait, (int fd, struct epoll_event *events, int nevents, int timeout_ms),
		(fd, events, nevents, timeout_ms))
CP_STAND_IN(EPOLL, fd, int, epoll_pwait,
		(int fd, struct epoll_event *events, int nevents, int timeout_ms, const sigset_t *mask),
		(fd, events, nevents, timeout_ms, mask))
#if defined(__GLIBC_PREREQ) && __GLIBC_PREREQ(2, 35)
CP_STAND_IN(EPOLL, fd, int, epoll_pwait2,
		(int fd, struct epoll_event *events, int nevents, const struct timespec *timeout,
				const sigset_t *mask),
		(fd, events, nevents, timeout, mask))
#endif
