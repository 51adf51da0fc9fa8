// SPDX-License-Identifier: MIT
// See mem.h. Pages come by mmap without a reservation of swap, and in huge ones where the kernel has
// some: a column of a hundred megabytes is then filled with fifty page faults instead of 25,000.
#include "mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	HUGE_BYTES = 2 << 20,
	POPULATE_WRITE = 23, // MADV_POPULATE_WRITE, younger than some libcs
};

static _Noreturn void out_of_memory(size_t n, size_t size)
{
	fprintf(stderr, "cprof: out of memory (asked for %zu times %zu bytes)\n", n, size);
	exit(2);
}

void *mem_resize(void *ptr, size_t n, size_t size)
{
	size_t bytes; // not by reallocarray, which libbsd has, too: that one would be linked in
	void *moved = __builtin_mul_overflow(n ? n : 1, size, &bytes) ? NULL : realloc(ptr, bytes);
	if (!moved)
		out_of_memory(n, size);
	return moved;
}

void *mem_zeroed(size_t n, size_t size)
{
	void *ptr = calloc(n ? n : 1, size);
	if (!ptr)
		out_of_memory(n, size);
	return ptr;
}

void *mem_grow(void *ptr, uint32_t *cap, uint32_t need, size_t size)
{
	if (need <= *cap)
		return ptr;
	uint32_t grown = *cap ? *cap : 16;
	while (grown < need)
		grown = grown > UINT32_MAX / 2 ? UINT32_MAX : grown * 2;
	ptr = mem_resize(ptr, grown, size);
	*cap = grown;
	return ptr;
}

void pages_ask_huge(void *ptr, size_t bytes)
{
	uintptr_t begin = ((uintptr_t)ptr + HUGE_BYTES - 1) & -(uintptr_t)HUGE_BYTES;
	uintptr_t end = ((uintptr_t)ptr + bytes) & -(uintptr_t)HUGE_BYTES;
	if (begin < end)
		madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}

void *pages_reserve_most(size_t bytes)
{
	void *ptr = mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return ptr == MAP_FAILED ? NULL : ptr;
}

void *pages_reserve(size_t bytes)
{
	void *ptr = pages_reserve_most(bytes);
	if (ptr && bytes >= 2 * (size_t)HUGE_BYTES)
		madvise(ptr, bytes, MADV_HUGEPAGE);
	return ptr;
}

void *pages_grow(void *ptr, size_t old_bytes, size_t new_bytes)
{
	if (!ptr)
		return pages_reserve(new_bytes);
	void *grown = mremap(ptr, old_bytes, new_bytes, MREMAP_MAYMOVE);
	if (grown == MAP_FAILED)
		return NULL;
	if (new_bytes >= 2 * (size_t)HUGE_BYTES)
		madvise(grown, new_bytes, MADV_HUGEPAGE);
	return grown;
}

void pages_free(void *ptr, size_t bytes)
{
	if (ptr)
		munmap(ptr, bytes ? bytes : 1);
}

// The whole pages inside.
static void advise(void *ptr, size_t bytes, int advice)
{
	uintptr_t page = (uintptr_t)getpagesize();
	uintptr_t begin = ((uintptr_t)ptr + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)ptr + bytes) & ~(page - 1);
	if (begin < end)
		madvise((void *)begin, end - begin, advice);
}

void pages_release(void *ptr, size_t bytes)
{
	advise(ptr, bytes, MADV_DONTNEED);
}

void mem_warm(size_t bytes)
{
	// None so large that malloc maps it alone; no more than it keeps.
	enum { BLOCK_BYTES = 16 << 20, BLOCKS = 8 };
	void *blocks[BLOCKS] = {NULL};
	for (int i = 0; i < BLOCKS && bytes; i++) {
		size_t n = bytes < BLOCK_BYTES ? bytes : BLOCK_BYTES;
		blocks[i] = malloc(n);
		if (!blocks[i])
			break;
		pages_ask_huge(blocks[i], n);
		advise(blocks[i], n, POPULATE_WRITE);
		bytes -= n;
	}
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
}
