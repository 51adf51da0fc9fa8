// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. jemalloc's own functions beside malloc's, which BIND calls alone: its heap was empty.
// xallocx() only resizes where a block is, and is not stood in for: such a block keeps the size it was made with.
//
// Some programs ask whether there are such functions. With us there are, so where no allocator has them malloc's do
// it. A library loaded by itself may bring an allocator of its own (lookup.h).
//
// Only in our shared libraries: a static program's allocator is seen by nobody.
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kind/heap_hook.h"
#include "lookup.h"
#include "malloc.h"
#include "next.h"
#include "visible.h"

#define CALLER __builtin_return_address(0)

// jemalloc's flags.
enum { LG_ALIGN = 0x3f, ZERO = 0x40 };

/** NAME_for(caller): what the caller would have without us. */
#define CP_JEMALLOC(type, name, parameters)                                                     \
	typedef type name##_fn parameters;                                                      \
	CP_VISIBLE name##_fn name;                                                              \
	static name##_fn *next_##name, plain_##name;                                            \
	__attribute__((constructor(CP_EARLY_PRIORITY))) static void find_##name(void)           \
	{                                                                                       \
		next_##name = (name##_fn *)cp_lookup_next(#name);                               \
	}                                                                                       \
	static name##_fn *name##_for(const void *caller)                                        \
	{                                                                                       \
		name##_fn *found = next_##name ? next_##name : (name##_fn *)cp_lookup_for(caller, #name); \
		return found ? found : plain_##name;                                            \
	}

CP_JEMALLOC(void *, mallocx, (size_t size, int flags))
CP_JEMALLOC(void *, rallocx, (void *ptr, size_t size, int flags))
CP_JEMALLOC(void, dallocx, (void *ptr, int flags))
CP_JEMALLOC(void, sdallocx, (void *ptr, size_t size, int flags))

/// By malloc's family

static CP_BETWEEN void *plain_mallocx(size_t size, int flags)
{
	size_t align = (size_t)1 << (flags & LG_ALIGN), rounded = (size + align - 1) & -align;
	void *ptr = rounded < size ? NULL
		: align > _Alignof(max_align_t) ? cp_malloc_uncounted(rounded, align) : cp_malloc_uncounted(size, 0);
	return ptr && flags & ZERO ? memset(ptr, 0, size) : ptr;
}

static CP_BETWEEN void *plain_rallocx(void *ptr, size_t size, int flags)
{
	size_t old_bytes = malloc_usable_size(ptr);
	void *moved = plain_mallocx(size, flags);
	if (!moved)
		return NULL;
	memcpy(moved, ptr, old_bytes < size ? old_bytes : size);
	free(ptr);
	return moved;
}

static CP_BETWEEN void plain_dallocx(void *ptr, int flags)
{
	free(ptr);
}

static CP_BETWEEN void plain_sdallocx(void *ptr, size_t size, int flags)
{
	free(ptr);
}

/// In front of them all

CP_VISIBLE CP_BETWEEN void *mallocx(size_t size, int flags)
{
	void *ptr = mallocx_for(CALLER)(size, flags);
	return !cp_heap.is_shadowed && cp_heap_due(size) ? cp_malloc_sampled(ptr, size, CALLER) : ptr;
}

CP_VISIBLE CP_BETWEEN void *rallocx(void *ptr, size_t size, int flags)
{
	rallocx_fn *real = rallocx_for(CALLER);
	return cp_heap.is_shadowed ? real(ptr, size, flags) : cp_malloc_resize(ptr, size, real, flags, CALLER);
}

CP_VISIBLE CP_BETWEEN void dallocx(void *ptr, int flags)
{
	if (cp_heap_maybe_sampled(ptr))
		cp_malloc_forget(ptr, CALLER);
	dallocx_for(CALLER)(ptr, flags);
}

CP_VISIBLE CP_BETWEEN void sdallocx(void *ptr, size_t size, int flags)
{
	if (cp_heap_maybe_sampled(ptr))
		cp_malloc_forget(ptr, CALLER);
	sdallocx_for(CALLER)(ptr, size, flags);
}
