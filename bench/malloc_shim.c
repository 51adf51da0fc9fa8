// SPDX-License-Identifier: MIT
// A library to preload that stands in front of malloc and free and does nothing: the least that any profiler which
// interposes can cost. For bench_malloc.py.
#include <dlfcn.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void __libc_free(void *ptr);

static void *(*next_malloc)(size_t) = __libc_malloc;
static void (*next_free)(void *) = __libc_free;

__attribute__((constructor)) static void find(void)
{
	next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
}

void *malloc(size_t size)
{
	return next_malloc(size);
}

void free(void *ptr)
{
	next_free(ptr);
}
