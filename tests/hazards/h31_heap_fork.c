// SPDX-License-Identifier: MIT
// Hazard 31: fork while other threads are inside malloc and the profiler. Each child allocates on: its heap is its
// parent's of that moment and what it adds. Nobody hangs.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap_truth.h"

enum { FORKS = 60, SIZE = 500, CHILD_BLOCKS = 100 };

static struct truth before, child;
static atomic_bool done;

static SITE void *in_threads(size_t size)
{
	return malloc(size);
}

static SITE void *before_fork(void)
{
	return took(&before, malloc(SIZE), SIZE);
}

static SITE void *in_child(void)
{
	return took(&child, malloc(SIZE), SIZE);
}

static void *work(void *arg)
{
	for (size_t i = 0; !done; i++) {
		void *p = in_threads(i % 3000);
		free(realloc(p, i % 5000 + 1));
	}
	return arg;
}

int main(void)
{
	pthread_t threads[3];
	alarm(120);
	for (int i = 0; i < 10; i++)
		before_fork();
	for (int i = 0; i < 3; i++)
		MUST(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < FORKS; i++) {
		pid_t pid = fork();
		int status = -1;
		if (pid == 0) {
			alarm(60);
			for (int k = 0; k < CHILD_BLOCKS; k++) {
				in_child();
				free(in_child());
				gave(&child, SIZE);
			}
			exit(0); // writes the child's profile
		}
		MUST(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	}
	done = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	say("before_fork", &before);
	return 0;
}
