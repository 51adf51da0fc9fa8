// SPDX-License-Identifier: MIT
// Heap arrays that grow, and big blocks of pages. Out of memory ends the process with one line, as in
// arena.h: only run/ and tool/ use base/.
#ifndef CPROF_BASE_MEM_H
#define CPROF_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/** realloc of n elements; never NULL (n = 0 gives one element's room). */
void *mem_resize(void *ptr, size_t n, size_t size);

/** Zeroed room for n elements; never NULL. */
void *mem_zeroed(size_t n, size_t size);

/** Makes room for `need` elements, doubling *cap as a rule; returns the (moved) array. */
void *mem_grow(void *ptr, uint32_t *cap, uint32_t need, size_t size);

/**
 * Zeroed pages straight from the kernel. Only what is touched costs memory, so it may be asked for
 * generously. NULL where the address space does not have so much.
 */
void *pages_reserve(size_t bytes);
/** The same where nobody knows how little will be written: huge pages come only where they are asked for. */
void *pages_reserve_most(size_t bytes);
/** Grows such a block, moving it without copying; NULL (and the old one stays) where that fails. */
void *pages_grow(void *ptr, size_t old_bytes, size_t new_bytes);
void pages_free(void *ptr, size_t bytes);

/** Has what is not yet written of the block come in huge pages, as far as these fit into it. */
void pages_ask_huge(void *ptr, size_t bytes);

/** Has pages brought for that many free bytes of the heap, or as many as it keeps. It takes a while. */
void mem_warm(size_t bytes);

/** Gives the whole pages inside [ptr, ptr + bytes) back; they read as zero afterwards. */
void pages_release(void *ptr, size_t bytes);

#endif
