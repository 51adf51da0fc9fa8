// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Sockets: see calls.h.
#include "calls.h"

/// Connections

CP_STAND_IN(ACCEPT, fd, int, accept, (int fd, __SOCKADDR_ARG address, socklen_t *size), (fd, address, size))
CP_STAND_IN(ACCEPT, fd, int, accept4, (int fd, __SOCKADDR_ARG address, socklen_t *size, int flags),
		(fd, address, size, flags))
CP_STAND_IN(CONNECT, fd, int, connect, (int fd, __CONST_SOCKADDR_ARG address, socklen_t size),
		(fd, address, size))

/// Receiving

CP_STAND_IN(RECV, fd, ssize_t, recv, (int fd, void *buffer, size_t size, int flags), (fd, buffer, size, flags))
CP_STAND_IN(RECV, fd, ssize_t, recvfrom,
		(int fd, void *buffer, size_t size, int flags, __SOCKADDR_ARG address, socklen_t *address_size),
		(fd, buffer, size, flags, address, address_size))
CP_STAND_IN(RECV, fd, ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
CP_STAND_IN(RECV, fd, int, recvmmsg,
		(int fd, struct mmsghdr *messages, unsigned nmessages, int flags, struct timespec *timeout),
		(fd, messages, nmessages, flags, timeout))

CP_STAND_IN_AS(recv, fd, ssize_t, __recv_chk,
		(int fd, void *buffer, size_t size, size_t buffer_size, int flags),
		(fd, buffer, size, buffer_size, flags))
CP_STAND_IN_AS(recvfrom, fd, ssize_t, __recvfrom_chk,
		(int fd, void *buffer, size_t size, size_t buffer_size, int flags, __SOCKADDR_ARG address,
				socklen_t *address_size),
		(fd, buffer, size, buffer_size, flags, address, address_size))

/// Sending

CP_STAND_IN(SEND, fd, ssize_t, send, (int fd, const void *data, size_t size, int flags),
		(fd, data, size, flags))
CP_STAND_IN(SEND, fd, ssize_t, sendto,
		(int fd, const void *data, size_t size, int flags, __CONST_SOCKADDR_ARG address,
				socklen_t address_size),
		(fd, data, size, flags, address, address_size))
CP_STAND_IN(SEND, fd, ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
CP_STAND_IN(SEND, fd, int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned nmessages, int flags),
		(fd, messages, nmessages, flags))
