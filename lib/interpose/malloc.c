// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. The malloc family, in front of whichever allocator the process has.
//
// Each function calls the real one, whose pointers stay what they are: nothing is put before or into a
// block, so malloc_usable_size, foreign frees and other allocators go on working. Real functions are
// found with dlsym(RTLD_NEXT); its own allocations, and any that come before it is done, are served from
// a small static arena whose blocks are pinned in the heap filter, so that the fast path of free needs no
// second test to know them. Until then the pointers lead to the functions that do the finding.
//
// A linked-in static allocator of the program goes past all of this; heap.c finds out and says so. Such a
// program may lack some of the family, and then has ours: where one of them is made of another, it is of
// the program's (the plain call), never of the next one after us, which would not know its blocks.
//
// Sanitizers check each block against the stack that made it: there we pass everything on unseen.
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kind/alloctrace_hook.h"
#include "kind/heap_hook.h"
#include "next.h"
#include "record/loader_thread_hook.h"
#include "sigsafe/modmap.h"
#include "visible.h"

#define CALLER __builtin_return_address(0)


/// The start-up arena

enum { BOOT_BYTES = 64 << 10, BOOT_ALIGN = 64 };

static _Alignas(BOOT_ALIGN) char boot_arena[BOOT_BYTES];
static _Atomic size_t boot_used_bytes;

static bool is_boot(const void *ptr)
{
	return (uintptr_t)ptr - (uintptr_t)boot_arena < BOOT_BYTES;
}

/** Each block is preceded by its size. */
static void *boot_alloc(size_t align, size_t size)
{
	if (align < BOOT_ALIGN)
		align = BOOT_ALIGN;
	if (size > BOOT_BYTES || align > BOOT_BYTES / 4)
		return NULL;
	size_t room = (size + BOOT_ALIGN + align - 1) / BOOT_ALIGN * BOOT_ALIGN;
	size_t used = fetch_add(&boot_used_bytes, room, relaxed);
	if (used + room > BOOT_BYTES)
		return NULL;
	uintptr_t at = ((uintptr_t)boot_arena + used + BOOT_ALIGN + align - 1) / align * align;
	memcpy((char *)at - sizeof(size), &size, sizeof(size));
	cp_heap_filter_pin((void *)at);
	return (void *)at;
}

static size_t boot_size(const void *ptr)
{
	size_t size;
	memcpy(&size, (const char *)ptr - sizeof(size), sizeof(size));
	return size;
}

/// The real functions, once they are found

static void *find_malloc(size_t size);
static void find_free(void *ptr);
static void *find_calloc(size_t n, size_t size);
static void *find_realloc(void *ptr, size_t size);
static void *find_memalign(size_t align, size_t size);
static void *find_aligned_alloc(size_t align, size_t size);
static int find_posix_memalign(void **ptr_out, size_t align, size_t size);
static size_t find_usable_size(void *ptr);

static CP_FRONT_DATA struct {
	void *(*malloc)(size_t);
	void (*free)(void *);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void *(*memalign)(size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	size_t (*usable_size)(void *);
} real = {find_malloc, find_free, find_calloc, find_realloc, find_memalign, find_aligned_alloc,
		find_posix_memalign, find_usable_size};

enum { UNKNOWN, FINDING, FOUND };
static _Atomic int state;

static const char *find_sanitizer(void)
{
	if (dlsym(RTLD_DEFAULT, "__asan_init"))
		return "AddressSanitizer's malloc is left alone";
	if (dlsym(RTLD_DEFAULT, "__tsan_init"))
		return "ThreadSanitizer's malloc is left alone";
	if (dlsym(RTLD_DEFAULT, "__msan_init"))
		return "MemorySanitizer's malloc is left alone";
	if (dlsym(RTLD_DEFAULT, "__lsan_init"))
		return "LeakSanitizer's malloc is left alone";
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

/** True: `real` is set. False: somebody (perhaps this very thread, inside dlsym) is still at it. */
static bool find_real(void)
{
	int expected = UNKNOWN;
	if (!compare_exchange(&state, &expected, FINDING, acq_rel))
		return expected == FOUND;
	void *next_malloc = dlsym(RTLD_NEXT, "malloc");
	void *next_free = dlsym(RTLD_NEXT, "free");
	void *next_calloc = dlsym(RTLD_NEXT, "calloc");
	void *next_realloc = dlsym(RTLD_NEXT, "realloc");
	void *next_memalign = dlsym(RTLD_NEXT, "memalign");
	void *next_aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
	void *next_posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
	void *next_usable_size = dlsym(RTLD_NEXT, "malloc_usable_size");
	cp_heap.sanitizer = find_sanitizer();
	real.malloc = (void *(*)(size_t))next_malloc;
	real.calloc = (void *(*)(size_t, size_t))next_calloc;
	real.realloc = (void *(*)(void *, size_t))next_realloc;
	real.memalign = (void *(*)(size_t, size_t))next_memalign;
	real.aligned_alloc = (void *(*)(size_t, size_t))next_aligned_alloc;
	real.posix_memalign = (int (*)(void **, size_t, size_t))next_posix_memalign;
	real.usable_size = (size_t (*)(void *))next_usable_size;
	real.free = (void (*)(void *))next_free;
	store(&state, FOUND, release);
	cp_heap.is_shadowed = is_shadowed();
	return true;
}

__attribute__((constructor(CP_EARLY_PRIORITY))) static void find_real_early(void)
{
	find_real();
}

static void *find_malloc(size_t size)
{
	return find_real() ? real.malloc(size) : boot_alloc(0, size);
}

static void find_free(void *ptr)
{
	if (find_real())
		real.free(ptr);
}

static void *find_calloc(size_t n, size_t size)
{
	size_t bytes;
	if (find_real())
		return real.calloc(n, size);
	return __builtin_mul_overflow(n, size, &bytes) ? NULL : boot_alloc(0, bytes); // never reused: zero
}

static void *find_realloc(void *ptr, size_t size)
{
	if (find_real())
		return real.realloc(ptr, size);
	return ptr ? NULL : boot_alloc(0, size);
}

static void *find_memalign(size_t align, size_t size)
{
	return find_real() ? real.memalign(align, size) : boot_alloc(align, size);
}

static void *find_aligned_alloc(size_t align, size_t size)
{
	return find_real() ? real.aligned_alloc(align, size) : boot_alloc(align, size);
}

static int find_posix_memalign(void **ptr_out, size_t align, size_t size)
{
	if (find_real())
		return real.posix_memalign(ptr_out, align, size);
	*ptr_out = boot_alloc(align, size);
	return *ptr_out ? 0 : ENOMEM;
}

static size_t find_usable_size(void *ptr)
{
	return find_real() ? real.usable_size(ptr) : 0;
}

/// Slow paths: kept out of line so that the fast ones are a compare and a jump

static void sample(void *ptr, size_t size, const struct cp_regs *regs, const void *caller)
{
	cp_heap_sample(ptr, size, regs, caller);
	if (cp_modmap_is_stale())
		cp_loader_read_alone();
}

static __attribute__((noinline)) void *sampled(void *ptr, size_t size, const void *caller)
{
	struct cp_regs regs;
	cp_regs_here(&regs);
	int saved_errno = errno;
	sample(ptr, size, &regs, caller);
	if (load(&cp_alloctrace.is_on, relaxed))
		cp_alloctrace_record(CP_ALLOCTRACE_ALLOC, ptr, NULL, size, caller);
	errno = saved_errno;
	return ptr;
}

static __attribute__((noinline)) void *calloc_sampled(size_t n, size_t size, const void *caller)
{
	return sampled(real.calloc(n, size), n * size, caller);
}

static __attribute__((noinline)) int posix_memalign_sampled(
		void **ptr_out, size_t align, size_t size, const void *caller)
{
	int rc = real.posix_memalign(ptr_out, align, size);
	sampled(rc == 0 ? *ptr_out : NULL, size, caller);
	return rc;
}

static __attribute__((noinline)) void free_sampled(void *ptr, const void *caller)
{
	if (is_boot(ptr))
		return;
	int saved_errno = errno;
	struct cp_heap_block taken;
	if (cp_heap_live_take(ptr, &taken))
		cp_heap_freed(&taken);
	if (ptr && load(&cp_alloctrace.is_on, relaxed))
		cp_alloctrace_record(CP_ALLOCTRACE_FREE, ptr, NULL, 0, caller);
	errno = saved_errno;
	real.free(ptr);
}

static __attribute__((noinline)) void *realloc_boot(void *ptr, size_t size)
{
	void *moved = malloc(size);
	if (moved)
		memcpy(moved, ptr, size < boot_size(ptr) ? size : boot_size(ptr));
	return moved;
}

static __attribute__((noinline)) void *realloc_sampled(void *ptr, size_t size, const void *caller)
{
	if (is_boot(ptr))
		return realloc_boot(ptr, size);
	struct cp_regs regs;
	cp_regs_here(&regs);
	struct cp_heap_block taken;
	bool is_taken = cp_heap_maybe_sampled(ptr) && cp_heap_live_take(ptr, &taken);
	void *moved = real.realloc(ptr, size);
	int saved_errno = errno;
	if (is_taken && (moved || size == 0))
		cp_heap_freed(&taken);
	else if (is_taken)
		cp_heap_restore(ptr, &taken);
	if (cp_heap_due(size))
		sample(moved, size, &regs, caller);
	if (load(&cp_alloctrace.is_on, relaxed))
		cp_alloctrace_record(CP_ALLOCTRACE_REALLOC, moved, ptr, size, caller);
	errno = saved_errno;
	return moved;
}

/// The family

// Processors predict branches by line of code: malloc and free begin one, for two branches they pass each time.
#define BEGINS_LINE __attribute__((aligned(64)))

CP_VISIBLE CP_FRONT BEGINS_LINE void *malloc(size_t size)
{
	if (cp_heap_due(size))
		return sampled(real.malloc(size), size, CALLER);
	return real.malloc(size);
}

CP_VISIBLE CP_FRONT BEGINS_LINE void free(void *ptr)
{
	if (cp_heap_maybe_sampled(ptr))
		free_sampled(ptr, CALLER);
	else
		real.free(ptr);
}

CP_VISIBLE CP_FRONT void *calloc(size_t n, size_t size)
{
	size_t bytes;
	if (!__builtin_mul_overflow(n, size, &bytes) && cp_heap_due(bytes))
		return calloc_sampled(n, size, CALLER);
	return real.calloc(n, size);
}

CP_VISIBLE CP_FRONT void *realloc(void *ptr, size_t size)
{
	if (cp_heap_maybe_sampled(ptr) || size >= cp_heap_countdown)
		return realloc_sampled(ptr, size, CALLER);
	cp_heap_countdown -= size;
	return real.realloc(ptr, size);
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
	return real.realloc(ptr, bytes);
}

CP_VISIBLE CP_FRONT void *memalign(size_t align, size_t size)
{
	if (cp_heap_due(size))
		return sampled(real.memalign(align, size), size, CALLER);
	return real.memalign(align, size);
}

CP_VISIBLE CP_FRONT void *aligned_alloc(size_t align, size_t size)
{
	if (cp_heap_due(size))
		return sampled(real.aligned_alloc(align, size), size, CALLER);
	return real.aligned_alloc(align, size);
}

CP_VISIBLE CP_FRONT int posix_memalign(void **ptr_out, size_t align, size_t size)
{
	if (cp_heap_due(size))
		return posix_memalign_sampled(ptr_out, align, size, CALLER);
	return real.posix_memalign(ptr_out, align, size);
}

CP_VISIBLE void *valloc(size_t size)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	if (cp_heap.is_shadowed)
		return memalign(page_bytes, size);
	void *ptr = real.memalign(page_bytes, size);
	return cp_heap_due(size) ? sampled(ptr, size, CALLER) : ptr;
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
	if (cp_heap.is_shadowed)
		return memalign(page_bytes, rounded);
	void *ptr = real.memalign(page_bytes, rounded);
	return cp_heap_due(rounded) ? sampled(ptr, rounded, CALLER) : ptr;
}

/** Only a block of the start-up arena is not the real allocator's. */
CP_VISIBLE CP_FRONT size_t malloc_usable_size(void *ptr)
{
	return is_boot(ptr) ? boot_size(ptr) : real.usable_size(ptr);
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
