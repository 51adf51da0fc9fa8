// SPDX-License-Identifier: MIT
// A daemon's start: standard error is closed, and the next file that is opened has its number.
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec pause = {0, 300000000};
	(void)argc;
	int fd = -1;
	// Another thread may have a file of /proc open just now.
	while (fd != 2) {
		close(2);
		close(fd);
		fd = open(argv[1], O_WRONLY | O_CREAT, 0600);
	}
	nanosleep(&pause, NULL);
	return fd == 2 && write(fd, "data\n", 5) == 5 ? 0 : 1;
}
