// SPDX-License-Identifier: MIT
// Forks while another thread makes garbage, and libgc's lock may be held: prints how many children ended well.
#define GC_THREADS
#include <gc.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NCHILDREN = 5, NBLOCKS = 100000, BLOCK_BYTES = 100, CHILD_S = 20 };

static void *make_garbage(void *arg)
{
	for (int i = 0; i < NBLOCKS; i++)
		GC_MALLOC(BLOCK_BYTES);
	return arg;
}

int main(void)
{
	int nwell = 0;
	GC_INIT();
	GC_allow_register_threads();
	for (int i = 0; i < NCHILDREN; i++) {
		pthread_t thread;
		int status;
		GC_pthread_create(&thread, NULL, make_garbage, NULL);
		pid_t child = fork();
		if (child == 0) {
			alarm(CHILD_S); // it would wait for ever
			_exit(0);
		}
		waitpid(child, &status, 0);
		nwell += status == 0;
		GC_pthread_join(thread, NULL);
	}
	printf("%d\n", nwell);
	return 0;
}
