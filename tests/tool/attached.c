// SPDX-License-Identifier: MIT
// attached: burns CPU in early(), and from a line on its standard input on also in late(), on another thread.
// Ends at the end of its input. It knows nothing of any profiler. test_attach.py looks at what comes of it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#define KEPT __attribute__((noinline, noclone))

static atomic_bool is_over;
static volatile unsigned long sink;

KEPT static void burn(void)
{
	for (int i = 0; i < 100000; i++)
		sink += (unsigned)i;
}

KEPT static void early(void)
{
	while (!is_over)
		burn();
	sink++;
}

KEPT static void late(void)
{
	while (!is_over)
		burn();
	sink--;
}

static void *run(void *function)
{
	((void (*)(void))function)();
	return NULL;
}

int main(void)
{
	pthread_t threads[2];
	pthread_create(&threads[0], NULL, run, (void *)early);
	puts("ready");
	fflush(stdout);
	getchar();
	pthread_create(&threads[1], NULL, run, (void *)late);
	while (getchar() != EOF)
		;
	is_over = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return 0;
}
