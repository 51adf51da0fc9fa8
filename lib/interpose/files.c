// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Reading, writing and syncing, of files, pipes and sockets alike: see calls.h.
#include "calls.h"

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

CP_STAND_IN(WRITE, fd, ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
CP_STAND_IN(WRITE, fd, ssize_t, writev, (int fd, const struct iovec *parts, int nparts), (fd, parts, nparts))
CP_STAND_IN(WRITE, fd, ssize_t, pwrite, (int fd, const void *data, size_t size, off_t offset),
		(fd, data, size, offset))
CP_STAND_IN(WRITE, fd, ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t offset),
		(fd, data, size, offset))
CP_STAND_IN(WRITE, fd, ssize_t, pwritev, (int fd, const struct iovec *parts, int nparts, off_t offset),
		(fd, parts, nparts, offset))
CP_STAND_IN(WRITE, fd, ssize_t, pwritev64, (int fd, const struct iovec *parts, int nparts, off64_t offset),
		(fd, parts, nparts, offset))
CP_STAND_IN(SEND, to, ssize_t, sendfile, (int to, int from, off_t *offset, size_t size),
		(to, from, offset, size))
CP_STAND_IN(SEND, to, ssize_t, sendfile64, (int to, int from, off64_t *offset, size_t size),
		(to, from, offset, size))

/// Until it is on the disk

CP_STAND_IN(FSYNC, fd, int, fsync, (int fd), (fd))
CP_STAND_IN(FSYNC, fd, int, fdatasync, (int fd), (fd))
