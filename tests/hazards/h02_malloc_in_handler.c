// SPDX-License-Identifier: MIT
// Hazard 2: no allocation in the handler. The program's own malloc (it takes the place of libc's for
// the library as well) aborts when called on a thread that is known to compute and nothing else.
#include "workload.h"

#include <malloc.h>

WORK(compute);

static __thread bool computing; // in the program itself: initial-exec, no allocation behind it

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *ptr);

static void check(void)
{
	if (computing)
		abort();
}

void *malloc(size_t size)
{
	check();
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	check();
	return __libc_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
	check();
	return __libc_realloc(ptr, size);
}

void *memalign(size_t alignment, size_t size)
{
	check();
	return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	check();
	return __libc_memalign(alignment, size);
}

void free(void *ptr)
{
	check();
	__libc_free(ptr);
}

static void *work(void *arg)
{
	computing = true;
	compute(300);
	computing = false;
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];

	workload_start(argc, argv);
	for (int i = 0; i < 4; i++)
		threads[i] = start_thread(work, NULL);
	work(NULL);
	for (int i = 0; i < 4; i++)
		join_thread(threads[i]);
	workload_stop();
	return 0;
}
