// SPDX-License-Identifier: MIT
// heap_family FILE: each function of the malloc family once, from a function of its own, at rate 1; blocks are
// used, measured with malloc_usable_size and freed in each way there is. Prints "name count bytes" for each.
#include <cprof/pprof.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void free_sized(void *ptr, size_t size);
void free_aligned_sized(void *ptr, size_t align, size_t size);
void cfree(void *ptr);

enum { SIZE = 3000, PAGE = 4096 };

static void *used(void *p, size_t align)
{
	if (!p || (uintptr_t)p % align || malloc_usable_size(p) < SIZE)
		abort();
	memset(p, 0x5a, malloc_usable_size(p));
	return p;
}

#define WAY(name, align, expression) \
	static __attribute__((noinline)) void *name(void) \
	{ \
		return used(expression, align); \
	}
static void *by_posix_memalign(void)
{
	void *p = NULL;
	return posix_memalign(&p, 256, SIZE) == 0 ? p : NULL;
}
WAY(way_malloc, 16, malloc(SIZE))
WAY(way_calloc, 16, calloc(30, 100))
WAY(way_realloc_null, 16, realloc(NULL, SIZE))
WAY(way_reallocarray, 16, reallocarray(NULL, 30, 100))
WAY(way_memalign, 64, memalign(64, SIZE))
WAY(way_aligned_alloc, 128, aligned_alloc(128, 3072))
WAY(way_posix_memalign, 256, by_posix_memalign())
WAY(way_valloc, PAGE, valloc(SIZE))
WAY(way_pvalloc, PAGE, pvalloc(SIZE))

static void (*const frees[])(void *) = {free, cfree};

static __attribute__((noinline)) void way_realloc_grown(void)
{
	void *p = realloc(way_malloc(), 2 * SIZE);
	free_sized(used(p, 16), 2 * SIZE);
}

static void fail_each(void)
{
	volatile size_t huge = SIZE_MAX / 4;
	void *p = NULL;
	if (malloc(huge) || calloc(huge, 8) || realloc(NULL, huge) || reallocarray(NULL, huge, 8) ||
			memalign(64, huge) || posix_memalign(&p, 64, huge) == 0 || pvalloc(SIZE_MAX - 1))
		abort();
	errno = 0;
	if (reallocarray(NULL, huge, 8) || errno != ENOMEM)
		abort();
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void *(*allocate)(void);
		size_t bytes;
	} ways[] = {
			{"way_calloc", way_calloc, SIZE},
			{"way_realloc_null", way_realloc_null, SIZE},
			{"way_reallocarray", way_reallocarray, SIZE},
			{"way_memalign", way_memalign, SIZE},
			{"way_aligned_alloc", way_aligned_alloc, 3072},
			{"way_posix_memalign", way_posix_memalign, SIZE},
			{"way_valloc", way_valloc, SIZE},
			{"way_pvalloc", way_pvalloc, PAGE},
			{"way_malloc", way_malloc, SIZE}, // and once for way_realloc_grown
	};
	enum { NWAYS = sizeof(ways) / sizeof(*ways) };
	int rc = argc > 1 ? cprof_set_mem_profile_rate(1) : -1;
	for (size_t i = 0; i < NWAYS; i++) {
		frees[i % 2](ways[i].allocate());
		free_aligned_sized(ways[i].allocate(), 0, ways[i].bytes);
	}
	way_realloc_grown();
	fail_each();
	free(NULL);
	if (rc == 0)
		rc = cprof_write_heap_profile(cprof_to_path(argv[1]));
	if (rc != 0)
		fprintf(stderr, "%s\n", cprof_strerror(rc));
	for (size_t i = 0; i < NWAYS; i++)
		printf("%s %d %zu\n", ways[i].name, i < NWAYS - 1 ? 2 : 3,
				(i < NWAYS - 1 ? 2 : 3) * ways[i].bytes);
	printf("way_realloc_grown 2 %d\n", SIZE + 2 * SIZE);
	return rc != 0;
}
