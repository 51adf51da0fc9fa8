// SPDX-License-Identifier: MIT
// Context: SIG. Pages straight from the kernel, and a bump arena over them; see pagealloc.h.
#include <errno.h>
#include <sys/mman.h>

#include "atomic.h"
#include "pagealloc.h"
#include "sys.h"

enum {
	PAGE_BYTES = 4096, // of the smallest kernel page; munmap rounds up by itself on larger ones
	CHUNK_BYTES = 256 << 10,
	KEPT_BYTES = 64 << 10, // used of a chunk at most, for it to be kept
	ARENA_ALIGN = 16,
	TABLE_BYTES = 64 << 10, // and what is larger is a table, of which a few pages may be used
	POPULATE_WRITE = 23, // MADV_POPULATE_WRITE, younger than some libcs
	MAX_LEFT_BYTES = 8 << 20,
};

struct cp_chunk {
	struct cp_chunk *prev;
	size_t size_bytes; // this header included
	_Atomic size_t used_bytes;
	size_t nforks; // when it was mapped
};

_Static_assert(sizeof(struct cp_chunk) % ARENA_ALIGN == 0, "what lies behind it is aligned");

static _Atomic size_t held_bytes;
static _Atomic size_t left_bytes;
static _Atomic size_t nforks; // that led here from a process with other threads
static _Atomic int exiting_pid; // what comes of a fork in an exit handler may live long

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static void *map(size_t size_bytes)
{
	if (size_bytes == 0 || size_bytes > PTRDIFF_MAX)
		return NULL;
	long ret = cp_syscall6(SYS_mmap, 0, (long)size_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ret < 0 && ret > -PAGE_BYTES)
		return NULL;
	fetch_add(&held_bytes, round_up(size_bytes, PAGE_BYTES), relaxed);
	return (void *)ret;
}

void *cp_pages_alloc(size_t size_bytes)
{
	void *pages = map(size_bytes);
	if (pages && size_bytes >= TABLE_BYTES) // where huge pages are everyone's, the first write would take one
		cp_syscall(SYS_madvise, pages, round_up(size_bytes, PAGE_BYTES), MADV_NOHUGEPAGE, 0);
	return pages;
}

void cp_pages_fill(void *ptr, size_t size_bytes)
{
	uintptr_t start = (uintptr_t)ptr / PAGE_BYTES * PAGE_BYTES;
	if (ptr)
		cp_syscall(SYS_madvise, start, (uintptr_t)ptr + size_bytes - start, POPULATE_WRITE, 0);
}

void cp_pages_before_exit(void)
{
	store(&exiting_pid, cp_getpid(), relaxed);
}

static bool is_left_to_exit(size_t size_bytes)
{
	int pid = load(&exiting_pid, relaxed);
	if (pid == 0 || pid != cp_getpid() || load(&left_bytes, relaxed) + size_bytes > MAX_LEFT_BYTES)
		return false;
	fetch_add(&left_bytes, size_bytes, relaxed);
	return true;
}

void cp_pages_free(void *ptr, size_t size_bytes)
{
	if (!ptr || is_left_to_exit(size_bytes))
		return;
	// By libc's function and whole pages: ThreadSanitizer stands in for it, and else takes whoever gets these
	// pages next for a second user of what is in them.
	munmap(ptr, round_up(size_bytes, PAGE_BYTES));
	fetch_sub(&held_bytes, round_up(size_bytes, PAGE_BYTES), relaxed);
}

size_t cp_pagealloc_bytes(void)
{
	return load(&held_bytes, relaxed);
}

/** Takes room for a chunk that holds size_bytes out of the arena's limit; 0: there is none. */
static size_t reserve_chunk(struct cp_arena *a, size_t size_bytes)
{
	size_t least = round_up(size_bytes + sizeof(struct cp_chunk), PAGE_BYTES);
	size_t used = load(&a->used_bytes, relaxed);
	size_t chunk_bytes;
	do {
		size_t left = a->limit_bytes ? a->limit_bytes - used : SIZE_MAX;
		chunk_bytes = least > CHUNK_BYTES ? least : CHUNK_BYTES;
		if (chunk_bytes > left)
			chunk_bytes = left / PAGE_BYTES * PAGE_BYTES;
		if (chunk_bytes < least)
			return 0;
	} while (!compare_exchange(&a->used_bytes, &used, used + chunk_bytes, relaxed));
	return chunk_bytes;
}

/** Puts a fresh chunk in place of `full`, unless another thread has done so. False: no memory. */
static bool grow(struct cp_arena *a, struct cp_chunk *full, size_t size_bytes)
{
	size_t chunk_bytes = reserve_chunk(a, size_bytes);
	struct cp_chunk *chunk = chunk_bytes ? map(chunk_bytes) : NULL;
	if (chunk && a->fill_bytes)
		cp_pages_fill(chunk, a->fill_bytes < chunk_bytes ? a->fill_bytes : chunk_bytes);
	if (chunk) {
		chunk->prev = full;
		chunk->size_bytes = chunk_bytes;
		chunk->nforks = load(&nforks, relaxed);
		store(&chunk->used_bytes, sizeof(*chunk), relaxed);
		struct cp_chunk *expected = full;
		if (compare_exchange(&a->chunk, &expected, chunk, acq_rel))
			return true;
		cp_pages_free(chunk, chunk_bytes);
	}
	if (chunk_bytes)
		fetch_sub(&a->used_bytes, chunk_bytes, relaxed);
	return load(&a->chunk, acquire) != full;
}

void cp_pagealloc_after_fork(void)
{
	fetch_add(&nforks, 1, relaxed);
}

/** For a chunk that fork() copied while another thread may have taken of it: what is in use there is more than its
 *  count says where that was copied before. What the count leaves is no part of the limit any more. */
static void close_chunk(struct cp_arena *a, struct cp_chunk *chunk)
{
	size_t used = exchange(&chunk->used_bytes, chunk->size_bytes, relaxed);
	fetch_sub(&a->used_bytes, chunk->size_bytes - used, relaxed);
}

void *cp_arena_alloc(struct cp_arena *a, size_t size_bytes)
{
	if (size_bytes > PTRDIFF_MAX - CHUNK_BYTES)
		return NULL;
	size_bytes = round_up(size_bytes, ARENA_ALIGN);
	for (;;) {
		struct cp_chunk *chunk = load(&a->chunk, acquire);
		if (chunk && chunk->nforks != load(&nforks, relaxed))
			close_chunk(a, chunk);
		if (chunk) {
			size_t used = load(&chunk->used_bytes, relaxed);
			while (size_bytes <= chunk->size_bytes - used) {
				if (compare_exchange(
					    &chunk->used_bytes, &used, used + size_bytes, relaxed))
					return (char *)chunk + used;
			}
		}
		if (!grow(a, chunk, size_bytes))
			return NULL;
	}
}

/** All of its chunks but one. */
static void give_back(struct cp_arena *a, struct cp_chunk *kept)
{
	struct cp_chunk *chunk = exchange(&a->chunk, kept, acq_rel);
	while (chunk) {
		struct cp_chunk *prev = chunk->prev;
		if (chunk != kept)
			cp_pages_free(chunk, chunk->size_bytes);
		chunk = prev;
	}
	store(&a->used_bytes, kept ? kept->size_bytes : 0, relaxed);
}

void cp_arena_reset(struct cp_arena *a)
{
	give_back(a, NULL);
}

void cp_arena_rewind(struct cp_arena *a)
{
	struct cp_chunk *kept = load(&a->chunk, acquire);
	while (kept && load(&kept->used_bytes, relaxed) > KEPT_BYTES)
		kept = kept->prev;
	give_back(a, kept);
	if (!kept)
		return;
	kept->prev = NULL;
	kept->nforks = load(&nforks, relaxed);
	store(&kept->used_bytes, sizeof(*kept), relaxed);
}
