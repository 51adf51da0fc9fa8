// SPDX-License-Identifier: MIT
// An allocator that signal handlers may call: it only ever goes forward, by one atomic addition. With NESTED its
// functions call each other by their public names, which are ours where we stand in front.
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { UNIT = 16 };
// Of address space.
static const size_t ROOM_BYTES = (size_t)64 << 30;

static _Atomic(char *) base;
static _Atomic size_t used;

static char *room(void)
{
	char *b = base;
	if (b)
		return b;
	char *mine = mmap(NULL, ROOM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!atomic_compare_exchange_strong(&base, &b, mine)) {
		munmap(mine, ROOM_BYTES);
		return b;
	}
	return mine;
}

static void *bump(size_t align, size_t size)
{
	if (size > ROOM_BYTES / 8 || align > ROOM_BYTES / 8)
		return NULL;
	if (align < UNIT)
		align = UNIT;
	size_t whole = (size + UNIT - 1) / UNIT * UNIT + align + UNIT;
	size_t at = atomic_fetch_add(&used, whole);
	if (at + whole > ROOM_BYTES) {
		errno = ENOMEM;
		return NULL;
	}
	char *p = (char *)(((uintptr_t)room() + at + UNIT + align - 1) / align * align);
	((size_t *)p)[-1] = size;
	return p;
}

#ifdef NESTED
#define TAKE memalign
#else
#define TAKE bump
#endif

void *memalign(size_t align, size_t size)
{
#ifndef NESTED
	if (size == 0) { // so TBB's
		errno = EINVAL;
		return NULL;
	}
#endif
	return bump(align, size);
}

void *malloc(size_t size)
{
	return TAKE(UNIT, size);
}

void free(void *ptr)
{
	(void)ptr;
}

void *calloc(size_t n, size_t size)
{
	size_t bytes;
	return __builtin_mul_overflow(n, size, &bytes) ? NULL : TAKE(UNIT, bytes);
}

size_t malloc_usable_size(void *ptr)
{
	return ptr ? ((size_t *)ptr)[-1] : 0;
}

void *realloc(void *ptr, size_t size)
{
	size_t old = malloc_usable_size(ptr);
	void *moved = TAKE(UNIT, size);
	if (moved && ptr)
		memcpy(moved, ptr, old < size ? old : size);
	return moved;
}

void *aligned_alloc(size_t align, size_t size)
{
	return TAKE(align, size);
}

int posix_memalign(void **ptr_out, size_t align, size_t size)
{
	*ptr_out = TAKE(align, size);
	return *ptr_out ? 0 : ENOMEM;
}
