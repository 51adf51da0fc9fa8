// SPDX-License-Identifier: MIT
// A library to preload that stands in front of the malloc family's busiest four and does nothing: the least that any
// profiler which interposes can cost. For bench_malloc.py and bench_heap_programs.py.
#include <dlfcn.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void __libc_free(void *ptr);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static void *(*next_malloc)(size_t) = __libc_malloc;
static void (*next_free)(void *) = __libc_free;
static void *(*next_calloc)(size_t, size_t) = __libc_calloc;
static void *(*next_realloc)(void *, size_t) = __libc_realloc;

__attribute__((constructor)) static void find(void)
{
	next_malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
	next_free = (void (*)(void *))dlsym(RTLD_NEXT, "free");
	next_calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
	next_realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
}

void *malloc(size_t size)
{
	return next_malloc(size);
}

void free(void *ptr)
{
	next_free(ptr);
}

void *calloc(size_t n, size_t size)
{
	return next_calloc(n, size);
}

void *realloc(void *ptr, size_t size)
{
	return next_realloc(ptr, size);
}
