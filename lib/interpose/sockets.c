// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Sockets: see calls.h.
#include "transfers.h"

/// Connections

CP_STAND_IN(ACCEPT, fd, int, accept, (int fd, __SOCKADDR_ARG address, socklen_t *size), (fd, address, size))
CP_STAND_IN(ACCEPT, fd, int, accept4, (int fd, __SOCKADDR_ARG address, socklen_t *size, int flags),
		(fd, address, size, flags))
CP_STAND_IN(CONNECT, fd, int, connect, (int fd, __CONST_SOCKADDR_ARG address, socklen_t size),
		(fd, address, size))

/// Receiving

CP_STAND_IN_WHOLE(RECV, recv, (int fd, void *buffer, size_t size, int flags), (fd, buffer, size, flags))
CP_STAND_IN(RECV, fd, ssize_t, recvfrom,
		(int fd, void *buffer, size_t size, int flags, __SOCKADDR_ARG address, socklen_t *address_size),
		(fd, buffer, size, flags, address, address_size))
CP_STAND_IN(RECV, fd, ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
CP_STAND_IN(RECV, fd, int, recvmmsg,
		(int fd, struct mmsghdr *messages, unsigned nmessages, int flags, struct timespec *timeout),
		(fd, messages, nmessages, flags, timeout))

CP_STAND_IN_WHOLE_AS(recv, __recv_chk, (int fd, void *buffer, size_t size, size_t buffer_size, int flags),
		(fd, buffer, size, buffer_size, flags))
CP_STAND_IN_AS(recvfrom, fd, ssize_t, __recvfrom_chk,
		(int fd, void *buffer, size_t size, size_t buffer_size, int flags, __SOCKADDR_ARG address,
				socklen_t *address_size),
		(fd, buffer, size, buffer_size, flags, address, address_size))

/** A message is all there is of it, however much was asked for. */
static bool is_received_whole(int fd, int flags)
{
	int type = 0;
	socklen_t size = sizeof(type);
	return (flags & (MSG_WAITALL | MSG_PEEK)) == MSG_WAITALL &&
			getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static CP_BETWEEN ssize_t whole_recv(int fd, void *buffer, size_t size, int flags)
{
	CP_TRANSFER(size, is_received_whole(fd, flags),
			next_recv(fd, (char *)buffer + t.done, size - t.done, flags));
}

static CP_BETWEEN ssize_t whole___recv_chk(int fd, void *buffer, size_t size, size_t buffer_size, int flags)
{
	CP_TRANSFER(size, is_received_whole(fd, flags),
			next___recv_chk(fd, (char *)buffer + t.done, size - t.done, buffer_size - t.done, flags));
}

/// Sending

CP_STAND_IN_WHOLE(SEND, send, (int fd, const void *data, size_t size, int flags), (fd, data, size, flags))
CP_STAND_IN_WHOLE(SEND, sendto,
		(int fd, const void *data, size_t size, int flags, __CONST_SOCKADDR_ARG address,
				socklen_t address_size),
		(fd, data, size, flags, address, address_size))
CP_STAND_IN_WHOLE(SEND, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
CP_STAND_IN(SEND, fd, int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned nmessages, int flags),
		(fd, messages, nmessages, flags))

/** Each call has a notice of its own, which the program counts. */
static bool is_one_call(int flags)
{
	return flags & MSG_ZEROCOPY;
}

static CP_BETWEEN ssize_t whole_send(int fd, const void *data, size_t size, int flags)
{
	CP_TRANSFER(size, !is_one_call(flags),
			next_send(fd, (const char *)data + t.done, size - t.done, flags));
}

static CP_BETWEEN ssize_t whole_sendto(int fd, const void *data, size_t size, int flags, __CONST_SOCKADDR_ARG address,
		socklen_t address_size)
{
	CP_TRANSFER(size, !is_one_call(flags),
			next_sendto(fd, (const char *)data + t.done, size - t.done, flags, address, address_size));
}

static CP_BETWEEN ssize_t send_one(const struct stream *stream, const void *data, size_t size)
{
	return next_send(stream->fd, data, size, stream->flags);
}

static CP_BETWEEN ssize_t send_many(const struct stream *stream, const struct iovec *parts, size_t nparts)
{
	struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = nparts};
	return next_sendmsg(stream->fd, &message, stream->flags);
}

/** Descriptors and the like went with the first bytes. */
static CP_BETWEEN ssize_t whole_sendmsg(int fd, const struct msghdr *message, int flags)
{
	uintptr_t cuts = cp_cuts();
	ssize_t done = next_sendmsg(fd, message, flags);
	if (done <= 0 || cp_cuts() == cuts || is_one_call(flags))
		return done;
	return stream_rest(&(struct stream){fd, flags, send_one, send_many}, message->msg_iov, message->msg_iovlen,
			done);
}
