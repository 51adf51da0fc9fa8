// SPDX-License-Identifier: MIT
// alone: makes calls that the kernel refuses where the process has more than one thread, as unshare -U and nsenter
// do, and looks how many there are, as Chromium does, then dies of SIGTERM. A thread of the program's own makes the
// calls fail, and is counted.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void *stay(void *arg)
{
	for (;;)
		pause(); // a tick just before ends one
	return arg;
}

static int count_threads(void)
{
	struct stat st;
	int proc = open("/proc", O_RDONLY | O_DIRECTORY);
	int links = fstatat(proc, "self/task/", &st, 0) == 0 ? (int)st.st_nlink : -1;
	close(proc);
	return links - 2;
}

int main(void)
{
	pthread_t other;
	for (int i = 0; i < 20; i++) {
		if (unshare(CLONE_THREAD) != 0) {
			fprintf(stderr, "alone: %s\n", strerror(errno));
			return 1;
		}
	}
	if (count_threads() != 1)
		return 5;
	if (pthread_create(&other, NULL, stay, NULL) != 0)
		return 2;
	if (count_threads() != 2)
		return 6;
	if (unshare(CLONE_THREAD) == 0 || errno != EINVAL)
		return 3;
	raise(SIGTERM);
	return 4;
}
