// SPDX-License-Identifier: MIT
// Preloaded: each read of one byte from standard input, as a line editor's, begins half a second late: what is a
// matter of bad luck elsewhere is sure to come meanwhile.
#include <errno.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

ssize_t read(int fd, void *buf, size_t nbytes)
{
	struct timespec left = {.tv_nsec = 500 * 1000 * 1000};
	while (fd == STDIN_FILENO && nbytes == 1 && clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
	return syscall(SYS_read, fd, buf, nbytes);
}
