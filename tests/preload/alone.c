// SPDX-License-Identifier: MIT
// alone: makes calls that the kernel refuses where the process has more than one thread, as unshare -U and nsenter
// do, then dies of SIGTERM. A thread of the program's own makes them fail.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *stay(void *arg)
{
	pause();
	return arg;
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
	if (pthread_create(&other, NULL, stay, NULL) != 0)
		return 2;
	if (unshare(CLONE_THREAD) == 0 || errno != EINVAL)
		return 3;
	raise(SIGTERM);
	return 4;
}
