// SPDX-License-Identifier: MIT
// h52_malloc_lock: an allocator that guards itself with a pthread mutex, which its callers fight for. Whoever
// records a wait for it inside of it must not allocate: it would wait for itself.
#include <cprof/pprof.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 20000, ARENA_BYTES = 64 << 20, HEAD_BYTES = 16 };

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static _Alignas(16) char arena[ARENA_BYTES];
static size_t used_bytes;

static __attribute__((noinline)) void *take(size_t size)
{
	pthread_mutex_lock(&guard);
	char *p = arena + used_bytes + HEAD_BYTES;
	size_t room = (size + HEAD_BYTES + 15) / 16 * 16;
	if (used_bytes + room > ARENA_BYTES)
		p = NULL;
	else
		used_bytes += room;
	pthread_mutex_unlock(&guard);
	if (p)
		memcpy(p - HEAD_BYTES, &size, sizeof(size));
	return p;
}

void *malloc(size_t size)
{
	return take(size);
}

void free(void *ptr)
{
	(void)ptr;
}

void *calloc(size_t n, size_t size)
{
	return take(n * size); // never given twice: zero
}

void *realloc(void *ptr, size_t size)
{
	size_t old = 0;
	char *p = take(size);
	if (ptr)
		memcpy(&old, (char *)ptr - HEAD_BYTES, sizeof(old));
	if (p && ptr)
		memcpy(p, ptr, old < size ? old : size);
	return p;
}

static void *allocate(void *arg)
{
	void *volatile kept;
	for (int i = 0; i < ROUNDS; i++)
		kept = malloc(16);
	(void)kept;
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	if (argc < 3)
		return 2;
	cprof_set_block_profile_rate(1);
	cprof_set_mutex_profile_fraction(1);
	cprof_set_cpu_profile_rate(1000);
	cprof_start_cpu_profile(cprof_to_path("/dev/null"));
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, allocate, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	cprof_stop_cpu_profile();
	return cprof_profile_write_to(cprof_lookup("block"), cprof_to_path(argv[1]), 0) != 0 ||
			cprof_profile_write_to(cprof_lookup("mutex"), cprof_to_path(argv[2]), 0) != 0;
}
