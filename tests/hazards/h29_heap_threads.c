// SPDX-License-Identifier: MIT
// A thousand threads that allocate and end: each leaves one block, frees one of its own and one of another's.
#include <pthread.h>

#include "heap_truth.h"

enum { THREADS = 1000, AT_ONCE = 20, SIZE = 700 };

static struct truth truth;
static void *_Atomic shared;

static SITE void *allocate(void)
{
	return took(&truth, malloc(SIZE), SIZE);
}

static void release(void *p)
{
	if (p)
		gave(&truth, SIZE);
	free(p);
}

static void *work(void *arg)
{
	release(allocate());
	release(atomic_exchange(&shared, allocate()));
	*(void **)arg = allocate();
	return NULL;
}

int main(void)
{
	static void *left[THREADS];
	for (int i = 0; i < THREADS; i += AT_ONCE) {
		pthread_t threads[AT_ONCE];
		for (int k = 0; k < AT_ONCE; k++)
			MUST(pthread_create(&threads[k], NULL, work, &left[i + k]) == 0);
		for (int k = 0; k < AT_ONCE; k++)
			pthread_join(threads[k], NULL);
	}
	release(atomic_exchange(&shared, NULL));
	say("allocate", &truth);
	return 0;
}
