// SPDX-License-Identifier: MIT
// Context: SIG. What malloc.c does with a block that another function makes or frees: see operators.c.
#ifndef CPROF_INTERPOSE_MALLOC_H
#define CPROF_INTERPOSE_MALLOC_H

#include <stddef.h>

/** cp_heap_due() said so: ptr (NULL: there was no memory) was made for `caller`. Returns ptr. */
void *cp_malloc_sampled(void *ptr, size_t size, const void *caller);

/** ptr, which may be sampled, is about to be freed. */
void cp_malloc_forget(void *ptr, const void *caller);

/** What realloc() does, by real(ptr, size, flags). */
void *cp_malloc_resize(void *ptr, size_t size, void *(*real)(void *ptr, size_t size, int flags), int flags,
		const void *caller);

/** A block that is not counted yet; align 0: as malloc aligns. NULL: there is no memory. */
void *cp_malloc_uncounted(size_t size, size_t align);

#endif
