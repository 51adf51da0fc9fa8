// SPDX-License-Identifier: MIT
// Context: SIG. Memory from mmap alone: heap profiling must not see itself, and malloc's lock may be
// held by the thread a handler interrupted.
#ifndef CPROF_SIGSAFE_PAGEALLOC_H
#define CPROF_SIGSAFE_PAGEALLOC_H

#include "types.h"

/** Zeroed, page-aligned, reserved lazily by the kernel; NULL: none. Counted in cp_pagealloc_bytes(). */
void *cp_pages_alloc(size_t size_bytes);

/** For what is used at once: one call of the kernel's (Linux 5.14) in place of a page fault for each page. */
void cp_pages_fill(void *ptr, size_t size_bytes);

void cp_pages_free(void *ptr, size_t size_bytes);

/** The process is about to end: some of what is given back from here on is left to that, which takes all at once. To
 *  unmap a page that was touched costs more than all else that is done with it where page tables are shadowed. */
void cp_pages_before_exit(void);

/** In the child of a fork() in a process with other threads, which took memory from arenas while it was copied, page by
 *  page: arenas give out what is mapped from now on. Context: FORK. */
void cp_pagealloc_after_fork(void);

/** Address space the profiler holds, in bytes. */
size_t cp_pagealloc_bytes(void);

/** A lock-free bump arena over pages; append-only. Zero it to start. */
struct cp_arena {
	_Atomic(struct cp_chunk *) chunk;
	_Atomic size_t used_bytes; // of all chunks
	size_t limit_bytes;        // 0: none
	size_t fill_bytes;         // of each chunk are used at once; 0: as they are asked for
};

/** 16-byte aligned zeroed memory, NULL: limit reached or no memory. Any number of threads at once. */
void *cp_arena_alloc(struct cp_arena *a, size_t size_bytes);

/** Gives all back; nobody may use it any more. Context: CTL. */
void cp_arena_reset(struct cp_arena *a);

/** The same, but a chunk of which little was used is kept for what comes next, and is not zeroed. Context: CTL. */
void cp_arena_rewind(struct cp_arena *a);

#endif
