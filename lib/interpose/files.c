// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Reading, writing and syncing, of files, pipes and sockets alike: see calls.h.
#include "transfers.h"

/// Reading

CP_STAND_IN(READ, fd, ssize_t, read, (int fd, void *buffer, size_t size), (fd, buffer, size))
CP_STAND_IN(READ, fd, ssize_t, readv, (int fd, const struct iovec *parts, int nparts), (fd, parts, nparts))
CP_STAND_IN(READ, fd, ssize_t, pread, (int fd, void *buffer, size_t size, off_t offset),
		(fd, buffer, size, offset))
CP_STAND_IN(READ, fd, ssize_t, pread64, (int fd, void *buffer, size_t size, off64_t offset),
		(fd, buffer, size, offset))
CP_STAND_IN(READ, fd, ssize_t, preadv, (int fd, const struct iovec *parts, int nparts, off_t offset),
		(fd, parts, nparts, offset))
CP_STAND_IN(READ, fd, ssize_t, preadv64, (int fd, const struct iovec *parts, int nparts, off64_t offset),
		(fd, parts, nparts, offset))

CP_STAND_IN_AS(read, fd, ssize_t, __read_chk, (int fd, void *buffer, size_t size, size_t buffer_size),
		(fd, buffer, size, buffer_size))
CP_STAND_IN_AS(pread, fd, ssize_t, __pread_chk,
		(int fd, void *buffer, size_t size, off_t offset, size_t buffer_size),
		(fd, buffer, size, offset, buffer_size))
CP_STAND_IN_AS(pread64, fd, ssize_t, __pread64_chk,
		(int fd, void *buffer, size_t size, off64_t offset, size_t buffer_size),
		(fd, buffer, size, offset, buffer_size))

/// Writing

CP_STAND_IN_WHOLE(WRITE, write, (int fd, const void *data, size_t size), (fd, data, size))
CP_STAND_IN_WHOLE(WRITE, writev, (int fd, const struct iovec *parts, int nparts), (fd, parts, nparts))
CP_STAND_IN(WRITE, fd, ssize_t, pwrite, (int fd, const void *data, size_t size, off_t offset),
		(fd, data, size, offset))
CP_STAND_IN(WRITE, fd, ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t offset),
		(fd, data, size, offset))
CP_STAND_IN(WRITE, fd, ssize_t, pwritev, (int fd, const struct iovec *parts, int nparts, off_t offset),
		(fd, parts, nparts, offset))
CP_STAND_IN(WRITE, fd, ssize_t, pwritev64, (int fd, const struct iovec *parts, int nparts, off64_t offset),
		(fd, parts, nparts, offset))
CP_STAND_IN_WHOLE(SEND, sendfile, (int fd, int from, off_t *offset, size_t size), (fd, from, offset, size))
CP_STAND_IN_WHOLE(SEND, sendfile64, (int fd, int from, off64_t *offset, size_t size), (fd, from, offset, size))

static CP_BETWEEN ssize_t whole_write(int fd, const void *data, size_t size)
{
	CP_TRANSFER(size, true, next_write(fd, (const char *)data + t.done, size - t.done));
}

static CP_BETWEEN ssize_t write_one(const struct stream *stream, const void *data, size_t size)
{
	return next_write(stream->fd, data, size);
}

static CP_BETWEEN ssize_t write_many(const struct stream *stream, const struct iovec *parts, size_t nparts)
{
	return next_writev(stream->fd, parts, (int)nparts);
}

static CP_BETWEEN ssize_t whole_writev(int fd, const struct iovec *parts, int nparts)
{
	uintptr_t cuts = cp_cuts();
	ssize_t done = next_writev(fd, parts, nparts);
	if (done <= 0 || cp_cuts() == cuts)
		return done;
	return stream_rest(&(struct stream){fd, 0, write_one, write_many}, parts, (size_t)nparts, done);
}

static CP_BETWEEN ssize_t whole_sendfile(int fd, int from, off_t *offset, size_t size)
{
	CP_TRANSFER(size, true, next_sendfile(fd, from, offset, size - t.done));
}

static CP_BETWEEN ssize_t whole_sendfile64(int fd, int from, off64_t *offset, size_t size)
{
	CP_TRANSFER(size, true, next_sendfile64(fd, from, offset, size - t.done));
}

/// Until it is on the disk

CP_STAND_IN(FSYNC, fd, int, fsync, (int fd), (fd))
CP_STAND_IN(FSYNC, fd, int, fdatasync, (int fd), (fd))
