// SPDX-License-Identifier: MIT
// Hazards 43, 39, 40: threads free, grow and shrink each other's blocks as fast as they can, over sizes that move
// between arenas and mappings, so that an address freed by one is at once another's. Everything is freed at the
// end and nothing may be left.
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "heap_truth.h"

enum { THREADS = 4, ROUNDS = 20000, SLOTS = 8 };

static struct truth truth;
static void *_Atomic slots[SLOTS];

// A block holds its size in its first word.
static void *marked(void *p, size_t size)
{
	took(&truth, p, size);
	memcpy(p, &size, sizeof(size));
	return p;
}

static size_t size_of(const void *p)
{
	size_t size;
	memcpy(&size, p, sizeof(size));
	return size;
}

static SITE void *allocate(unsigned how, size_t size)
{
	void *p = NULL;
	switch (how % 5) {
	case 0:
		return marked(calloc(size, 1), size);
	case 1:
		return marked(memalign(64, size), size);
	case 2:
		MUST(posix_memalign(&p, 4096, size) == 0);
		return marked(p, size);
	default:
		return marked(malloc(size), size);
	}
}

static SITE void *resize(void *p, size_t size)
{
	size_t old = size_of(p);
	MUST(malloc_usable_size(p) >= old);
	p = realloc(p, size);
	gave(&truth, old);
	return marked(p, size);
}

static void release(void *p)
{
	if (!p)
		return;
	gave(&truth, size_of(p));
	free(p);
}

static void *work(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	for (int i = 0; i < ROUNDS; i++) {
		seed = seed * 1664525 + 1013904223;
		size_t size = seed >> 28 ? 16 + (seed >> 8) % 500 : 100000 + (seed >> 8) % 200000;
		void *p = allocate(seed >> 4, size);
		p = atomic_exchange(&slots[(seed >> 20) % SLOTS], p);
		if (p && seed % 3 == 0)
			p = resize(p, seed % 7 ? size + 40 : 300000);
		release(p);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	for (uintptr_t i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, work, (void *)(i + 1)) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < SLOTS; i++)
		release(atomic_exchange(&slots[i], NULL));
	say("allocate,resize", &truth);
	return 0;
}
