// SPDX-License-Identifier: MIT
// heap_exact FILE: at rate 1 every allocation counts. Eight threads do 125,000 operations each with the whole
// family; what they allocated, freed and left is known to the byte and printed; the profile must say the same.
// Blocks cross threads: each thread frees what its neighbour left in the mailbox.
#include <cprof/pprof.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, OPERATIONS = 125000, KEPT = 64 };

struct block {
	void *ptr;
	size_t size;
};

static _Atomic(uintptr_t) mailbox[THREADS][16];
static _Atomic int64_t alloc_objects, alloc_bytes, freed_objects, freed_bytes;

// A block carries its size in its first word (none is smaller), so that whoever frees it can count it.
static void *counted(void *p, size_t size)
{
	if (!p)
		abort();
	memcpy(p, &size, sizeof(size));
	alloc_objects++;
	alloc_bytes += (int64_t)size;
	return p;
}

static void release(void *p)
{
	size_t size;
	if (!p)
		return;
	memcpy(&size, p, sizeof(size));
	freed_objects++;
	freed_bytes += (int64_t)size;
	free(p);
}

static __attribute__((noinline)) void *allocate(unsigned how, size_t size)
{
	void *p = NULL;
	switch (how % 6) {
	case 0:
		return counted(malloc(size), size);
	case 1:
		return counted(calloc(1, size), size);
	case 2:
		return counted(aligned_alloc(64, size / 64 * 64 + 64), size / 64 * 64 + 64);
	case 3:
		return posix_memalign(&p, 128, size) == 0 ? counted(p, size) : NULL;
	case 4:
		return counted(memalign(32, size), size);
	default:
		return counted(reallocarray(NULL, 2, size), 2 * size);
	}
}

static __attribute__((noinline)) void *grow(void *p, size_t size)
{
	size_t old;
	memcpy(&old, p, sizeof(old));
	p = realloc(p, size);
	freed_objects++;
	freed_bytes += (int64_t)old;
	return counted(p, size);
}

static void *work(void *arg)
{
	unsigned self = (unsigned)(uintptr_t)arg;
	unsigned seed = self * 2654435761u + 1;
	for (int i = 0; i < OPERATIONS; i++) {
		seed = seed * 1664525 + 1013904223;
		size_t size = 16 + (seed >> 16) % 500;
		void *p = allocate(seed >> 8, size);
		if (seed % 5 == 0)
			p = grow(p, size * 3);
		if (seed % 7 == 0 && realloc(p, SIZE_MAX / 4)) // fails: p stays, and stays counted
			abort();
		p = (void *)atomic_exchange(&mailbox[(self + 1) % THREADS][seed % 16], (uintptr_t)p);
		release(p);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	int rc = cprof_set_mem_profile_rate(1);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (argc > 2) // free it all: nothing may be left in use
		for (int i = 0; i < THREADS * 16; i++)
			release((void *)atomic_exchange(&mailbox[i / 16][i % 16], 0));
	if (rc == 0)
		rc = cprof_write_heap_profile(cprof_to_path(argv[1]));
	if (rc != 0)
		fprintf(stderr, "%s\n", cprof_strerror(rc));
	printf("%ld %ld %ld %ld\n", (long)alloc_objects, (long)alloc_bytes,
			(long)(alloc_objects - freed_objects), (long)(alloc_bytes - freed_bytes));
	return rc != 0;
}
