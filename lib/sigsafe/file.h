// SPDX-License-Identifier: MIT
// Context: SIG. Files we open: by system call, since open() is a cancellation point, and never as descriptor 0, 1 or
// 2. Where the program has closed these (a daemon), what it still prints would go into our file.
#ifndef CPROF_SIGSAFE_FILE_H
#define CPROF_SIGSAFE_FILE_H

#include <fcntl.h>

#include "sys.h"

enum { CP_NSTANDARD_FDS = 3 };

static inline void cp_close(long fd)
{
	cp_syscall(SYS_close, fd, 0, 0, 0);
}

/** fd, or in its place one that is no standard descriptor. */
static inline long cp_fd_above_standard(long fd)
{
	if (fd < 0 || fd >= CP_NSTANDARD_FDS)
		return fd;
	long above = cp_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, CP_NSTANDARD_FDS, 0);
	cp_close(fd);
	return above;
}

/** Takes the standard descriptors that are free, by what can neither be read nor written. Returns how many. */
static inline int cp_standard_fds_hold(long fds_out[CP_NSTANDARD_FDS])
{
	int n = 0;
	while (n < CP_NSTANDARD_FDS) {
		long fd = cp_syscall(SYS_openat, AT_FDCWD, "/", O_PATH | O_CLOEXEC, 0);
		if (fd < 0)
			break;
		if (fd >= CP_NSTANDARD_FDS) {
			cp_close(fd);
			break;
		}
		fds_out[n++] = fd;
	}
	return n;
}

/** A descriptor, closed by exec, or a negative errno. mode: of a file that is made. */
static inline long cp_open(const char *path, int flags, int mode)
{
	long held[CP_NSTANDARD_FDS];
	int nheld = (flags & O_ACCMODE) == O_RDONLY ? 0 : cp_standard_fds_hold(held);
	long fd = cp_syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
	while (nheld > 0)
		cp_close(held[--nheld]);
	return cp_fd_above_standard(fd);
}

/** What one read gives of a small file of the kernel's, with a NUL behind it. Its length, or a negative errno: then
 *  the text is empty. */
static inline long cp_read_text(const char *path, char *text_out, long size)
{
	text_out[0] = '\0';
	long fd = cp_open(path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	long n = cp_syscall(SYS_read, fd, text_out, size - 1, 0);
	cp_close(fd);
	text_out[n > 0 ? n : 0] = '\0';
	return n;
}

#endif
