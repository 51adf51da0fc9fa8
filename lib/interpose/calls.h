// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. What the files that stand in for blocking system calls share: files.c, sockets.c, polls.c,
// sleeps.c.
//
// Each is libc's own function with a clock around it: what it returns, errno, restarts after signals and
// cancellation are its own. It may be called in signal handlers, and by a thread that is cancelled in it: so
// nothing is taken, locked or allocated around the call.
//
// libc's own calls (those of stdio, getaddrinfo, system, ...) do not come by here, nor do those of syscall();
// futex.c takes the futexes of these.
#ifndef CPROF_INTERPOSE_CALLS_H
#define CPROF_INTERPOSE_CALLS_H

// pread and pread64 are two functions, whatever the build says of off_t. Hence this header comes first.
#undef _FILE_OFFSET_BITS

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kind/contention_hook.h"
#include "next.h"
#include "site.h"
#include "visible.h"

// What a program compiled with -D_FORTIFY_SOURCE calls instead: the last size is the buffer's.
ssize_t __read_chk(int fd, void *buffer, size_t size, size_t buffer_size);
ssize_t __pread_chk(int fd, void *buffer, size_t size, off_t offset, size_t buffer_size);
ssize_t __pread64_chk(int fd, void *buffer, size_t size, off64_t offset, size_t buffer_size);
ssize_t __recv_chk(int fd, void *buffer, size_t size, size_t buffer_size, int flags);
ssize_t __recvfrom_chk(int fd, void *buffer, size_t size, size_t buffer_size, int flags, __SOCKADDR_ARG address,
		socklen_t *address_size);
int __poll_chk(struct pollfd *fds, nfds_t nfds, int timeout_ms, size_t fds_size);
int __ppoll_chk(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout, const sigset_t *mask,
		size_t fds_size);

/** -1: an error, or a signal. */
static inline enum cp_wait_outcome cp_call_outcome(long result)
{
	if (result >= 0)
		return CP_WAIT_OVER;
	return errno == EINTR ? CP_WAIT_GIVEN_UP : CP_WAIT_FAILED;
}

/** Defines the function that stands in for `name`, makes the call by `call`, and waits for `object` (a descriptor,
 *  or 0). A wait is charged to the caller of `leaf` in it, which is `name` or what its fortified form stands for.
 *  While `is_off` the real function is all there is. */
#define CP_STAND_IN_UNLESS(is_off, call, leaf, object, type, name, parameters, arguments)       \
	CP_NEXT(type, name, parameters, arguments)                                              \
	static CP_BETWEEN type waiting_##name CP_WITH_CALLER parameters                         \
	{                                                                                       \
		struct cp_wait wait =                                                           \
				cp_call_begin(CP_SITE_BY(leaf, caller), (const void *)(intptr_t)(object)); \
		type result = call arguments;                                                   \
		cp_call_end(&wait, cp_call_outcome((long)result));                              \
		return result;                                                                  \
	}                                                                                       \
	CP_VISIBLE CP_FRONT type name parameters                                                \
	{                                                                                       \
		return (is_off) ? next_##name arguments : waiting_##name CP_AND_CALLER arguments; \
	}

#define CP_STAND_IN_BY(call, leaf, object, type, name, parameters, arguments) \
	CP_STAND_IN_UNLESS(cp_calls_are_off(), call, leaf, object, type, name, parameters, arguments)

#define CP_STAND_IN_AS(leaf, object, type, name, parameters, arguments) \
	CP_STAND_IN_BY(next_##name, leaf, object, type, name, parameters, arguments)

/** kind: what it waits for, an enum trace_wait without its prefix. */
#define CP_STAND_IN(kind, object, type, name, parameters, arguments)                            \
	CP_OWN(name, kind);                                                                     \
	CP_STAND_IN_AS(name, object, type, name, parameters, arguments)

#endif
