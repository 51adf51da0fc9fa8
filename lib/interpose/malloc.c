// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. The malloc family, in front of whichever allocator the process has.
//
// Each function calls the real one, whose pointers stay what they are: nothing is put before or into a
// block, so foreign frees and other allocators go on working, and nobody stands in front of
// malloc_usable_size, which some programs call at each malloc and free. That no block is ours takes real
// functions that can be found at the first call, be it the loader's or within dlsym(): see lookup.h.
//
// A linked-in static allocator of the program goes past all of this; heap.c finds out and says so. Such a
// program may lack some of the family, and then has ours: where one of them is made of another, it is of
// the program's (the plain call), never of the next one after us, which would not know its blocks.
//
// Sanitizers check each block against the stack that made it: there we pass everything on unseen.
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "kind/alloctrace_hook.h"
#include "kind/heap_hook.h"
#include "lookup.h"
#include "malloc.h"
#include "next.h"
#include "record/loader_thread_hook.h"
#include "sigsafe/modmap.h"
#include "sigsafe/safeload.h"
#include "valgrind.h"
#include "visible.h"

#define CALLER __builtin_return_address(0)

CP_NEXT(void *, malloc, (size_t size), (size))
CP_NEXT(void, free, (void *ptr), (ptr))
CP_NEXT(void *, calloc, (size_t n, size_t size), (n, size))
CP_NEXT(void *, realloc, (void *ptr, size_t size), (ptr, size))
CP_NEXT(void *, memalign, (size_t align, size_t size), (align, size))
CP_NEXT(void *, aligned_alloc, (size_t align, size_t size), (align, size))
CP_NEXT(int, posix_memalign, (void **ptr_out, size_t align, size_t size), (ptr_out, align, size))

/// Whose malloc it is

static const char *find_sanitizer(void)
{
	static const char *const inits_and_words[][2] = {
		{"__asan_init", "AddressSanitizer's malloc is left alone"},
		{"__tsan_init", "ThreadSanitizer's malloc is left alone"},
		{"__msan_init", "MemorySanitizer's malloc is left alone"},
		{"__lsan_init", "LeakSanitizer's malloc is left alone"},
	};
	for (size_t i = 0; i < sizeof(inits_and_words) / sizeof(*inits_and_words); i++)
		if (cp_lookup_own(inits_and_words[i][0]) || cp_lookup_next(inits_and_words[i][0]))
			return inits_and_words[i][1];
	return NULL;
}

/** Whether malloc, called by name, comes out elsewhere: then an allocator stands in the program itself or was
 *  preloaded before us. Its address does not tell: that may be a stub in the program which leads to us. */
static bool is_shadowed(void)
{
	// Opaque: the compiler believes that no malloc changes what we look at.
	void *(*volatile by_name)(size_t) = malloc;
	const uint64_t mark = UINT64_MAX / 2, before = cp_heap_countdown;
	cp_heap_countdown = mark;
	void *block = by_name(1);
	bool is_elsewhere = cp_heap_countdown == mark;
	cp_heap_countdown = before;
	free(block);
	return is_elsewhere;
}

__attribute__((constructor(CP_EARLY_PRIORITY))) static void find_whose(void)
{
	cp_heap.sanitizer = find_sanitizer();
	cp_heap.is_shadowed = is_shadowed();
	cp_readable_is_checked = cp_is_under_valgrind();
}

/// Slow paths: kept out of line so that the fast ones are a compare and a jump. No function of ours sets errno

static void sample(void *ptr, size_t size, const struct cp_regs *regs, const void *caller)
{
	cp_heap_sample(ptr, size, regs, caller);
	if (cp_modmap_is_stale())
		cp_loader_read_alone();
}

CP_NEAR __attribute__((noinline)) void *cp_malloc_sampled(void *ptr, size_t size, const void *caller)
{
	struct cp_regs regs;
	cp_regs_here(&regs);
	sample(ptr, size, &regs, caller);
	if (load(&cp_alloctrace.is_on, relaxed))
		cp_alloctrace_record(CP_ALLOCTRACE_ALLOC, ptr, NULL, size, caller);
	return ptr;
}

static __attribute__((noinline)) void *calloc_sampled(size_t n, size_t size, const void *caller)
{
	return cp_malloc_sampled(next_calloc(n, size), n * size, caller);
}

static __attribute__((noinline)) int posix_memalign_sampled(
		void **ptr_out, size_t align, size_t size, const void *caller)
{
	int rc = next_posix_memalign(ptr_out, align, size);
	cp_malloc_sampled(rc == 0 ? *ptr_out : NULL, size, caller);
	return rc;
}

CP_NEAR void cp_malloc_forget(void *ptr, const void *caller)
{
	struct cp_heap_block taken;
	if (cp_heap_live_take(ptr, &taken))
		cp_heap_freed(&taken);
	if (ptr && load(&cp_alloctrace.is_on, relaxed))
		cp_alloctrace_record(CP_ALLOCTRACE_FREE, ptr, NULL, 0, caller);
}

static CP_NEAR __attribute__((noinline)) void free_sampled(void *ptr, const void *caller)
{
	cp_malloc_forget(ptr, caller);
	next_free(ptr);
}

CP_NEAR void *cp_malloc_resize(void *ptr, size_t size, void *(*real)(void *ptr, size_t size, int flags), int flags,
		const void *caller)
{
	struct cp_regs regs;
	cp_regs_here(&regs);
	struct cp_heap_block taken;
	bool is_taken = cp_heap_maybe_sampled(ptr) && cp_heap_live_take(ptr, &taken);
	void *moved = real(ptr, size, flags);
	if (is_taken && (moved || size == 0))
		cp_heap_freed(&taken);
	else if (is_taken)
		cp_heap_restore(ptr, &taken);
	if (cp_heap_due(size))
		sample(moved, size, &regs, caller);
	if (load(&cp_alloctrace.is_on, relaxed))
		cp_alloctrace_record(CP_ALLOCTRACE_REALLOC, moved, ptr, size, caller);
	return moved;
}

static CP_NEAR void *realloc_real(void *ptr, size_t size, int flags)
{
	return next_realloc(ptr, size);
}

static CP_NEAR __attribute__((noinline)) void *realloc_sampled(void *ptr, size_t size, const void *caller)
{
	return cp_malloc_resize(ptr, size, realloc_real, 0, caller);
}

void *cp_malloc_uncounted(size_t size, size_t align)
{
	if (cp_heap.is_shadowed)
		return align ? aligned_alloc(align, size) : malloc(size);
	return align ? next_aligned_alloc(align, size) : next_malloc(size);
}

/// The family

// Processors predict branches by line of code: malloc and free begin one, for two branches they pass each time.
#define BEGINS_LINE __attribute__((aligned(64)))

CP_VISIBLE CP_FRONT BEGINS_LINE void *malloc(size_t size)
{
	if (cp_heap_due(size))
		return cp_malloc_sampled(next_malloc(size), size, CALLER);
	return next_malloc(size);
}

CP_VISIBLE CP_FRONT BEGINS_LINE void free(void *ptr)
{
	if (cp_heap_maybe_sampled(ptr))
		free_sampled(ptr, CALLER);
	else
		next_free(ptr);
}

CP_VISIBLE CP_FRONT BEGINS_LINE void *calloc(size_t n, size_t size)
{
	size_t bytes;
	if (!__builtin_mul_overflow(n, size, &bytes) && cp_heap_due(bytes))
		return calloc_sampled(n, size, CALLER);
	return next_calloc(n, size);
}

CP_VISIBLE CP_FRONT BEGINS_LINE void *realloc(void *ptr, size_t size)
{
	if (cp_heap_maybe_sampled(ptr) || size >= cp_heap_countdown)
		return realloc_sampled(ptr, size, CALLER);
	cp_heap_countdown -= size;
	return next_realloc(ptr, size);
}

CP_VISIBLE void *reallocarray(void *ptr, size_t n, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	if (cp_heap.is_shadowed)
		return realloc(ptr, bytes);
	if (cp_heap_maybe_sampled(ptr) || bytes >= cp_heap_countdown)
		return realloc_sampled(ptr, bytes, CALLER);
	cp_heap_countdown -= bytes;
	return next_realloc(ptr, bytes);
}

CP_VISIBLE CP_FRONT void *memalign(size_t align, size_t size)
{
	if (cp_heap_due(size))
		return cp_malloc_sampled(next_memalign(align, size), size, CALLER);
	return next_memalign(align, size);
}

CP_VISIBLE CP_FRONT void *aligned_alloc(size_t align, size_t size)
{
	if (cp_heap_due(size))
		return cp_malloc_sampled(next_aligned_alloc(align, size), size, CALLER);
	return next_aligned_alloc(align, size);
}

CP_VISIBLE CP_FRONT int posix_memalign(void **ptr_out, size_t align, size_t size)
{
	if (cp_heap_due(size))
		return posix_memalign_sampled(ptr_out, align, size, CALLER);
	return next_posix_memalign(ptr_out, align, size);
}

CP_VISIBLE void *valloc(size_t size)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	if (cp_heap.is_shadowed)
		return memalign(page_bytes, size);
	void *ptr = next_memalign(page_bytes, size);
	return cp_heap_due(size) ? cp_malloc_sampled(ptr, size, CALLER) : ptr;
}

CP_VISIBLE void *pvalloc(size_t size)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t rounded;
	if (__builtin_add_overflow(size, page_bytes - 1, &rounded)) {
		errno = ENOMEM;
		return NULL;
	}
	rounded = rounded / page_bytes * page_bytes;
	if (cp_heap.is_shadowed) {
		void *ptr = memalign(page_bytes, rounded);
		return ptr || rounded > 0 ? ptr : memalign(page_bytes, page_bytes);
	}
	void *ptr = next_memalign(page_bytes, rounded);
	if (!ptr && rounded == 0) // TBB's memalign refuses it, its pvalloc does not
		ptr = next_memalign(page_bytes, rounded = page_bytes);
	return cp_heap_due(rounded) ? cp_malloc_sampled(ptr, rounded, CALLER) : ptr;
}

// C23, and what old programs still call.
void free_sized(void *ptr, size_t size);
void free_aligned_sized(void *ptr, size_t align, size_t size);
void cfree(void *ptr);

CP_VISIBLE void free_sized(void *ptr, size_t size)
{
	free(ptr);
}

CP_VISIBLE void free_aligned_sized(void *ptr, size_t align, size_t size)
{
	free(ptr);
}

CP_VISIBLE void cfree(void *ptr)
{
	free(ptr);
}
