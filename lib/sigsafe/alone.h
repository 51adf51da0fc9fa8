// SPDX-License-Identifier: MIT
// Context: SIG. Atomic changes of a word, without the lock prefix where the program has one thread.
//
// On x86-64 an instruction that reads and writes a word is whole as it is for the handlers of its thread; the prefix,
// which makes it so for other threads, is most of what it costs: 18 cycles and more, and a heap sample with its end
// takes a dozen. libc's own malloc looks at the same flag. Other processors change a word in several instructions.
//
// For words alone that only the program's threads change: libc knows nothing of ours that are bare (own_thread.h),
// which may read them. A program's raw clone() that allocates has broken libc's malloc already.
#ifndef CPROF_SIGSAFE_ALONE_H
#define CPROF_SIGSAFE_ALONE_H

#include "atomic.h"
#include "types.h"

#include <sys/single_threaded.h>

static inline bool cp_is_alone(void)
{
	return __libc_single_threaded;
}

#if defined(__x86_64__)
/** The instruction where there is one thread; what follows it, where there are more. */
#define CP_IF_ALONE(...) \
	if (cp_is_alone()) { \
		__asm__ volatile(__VA_ARGS__); \
	} else
#else
#define CP_IF_ALONE(...)
#endif

static inline void cp_alone_add(_Atomic int64_t *word, int64_t by)
{
	CP_IF_ALONE("addq %1, %0" : "+m"(*word) : "er"(by) : "memory", "cc")
	fetch_add(word, by, relaxed);
}

/** What it becomes. */
static inline int64_t cp_alone_add_fetch(_Atomic int64_t *word, int64_t by)
{
	int64_t before = by;
	CP_IF_ALONE("xaddq %1, %0" : "+m"(*word), "+r"(before) : : "memory", "cc")
	before = fetch_add(word, by, relaxed);
	return before + by;
}

/** As compare_exchange(), acq_rel. */
static inline bool cp_alone_exchange(_Atomic uint64_t *word, uint64_t *expected_inout, uint64_t desired)
{
	bool is_done;
	CP_IF_ALONE("cmpxchgq %3, %0"
		    : "+m"(*word), "+a"(*expected_inout), "=@ccz"(is_done)
		    : "r"(desired)
		    : "memory")
	is_done = compare_exchange(word, expected_inout, desired, acq_rel);
	return is_done;
}

static inline bool cp_alone_exchange_signed(_Atomic int64_t *word, int64_t *expected_inout, int64_t desired)
{
	return cp_alone_exchange((_Atomic uint64_t *)word, (uint64_t *)expected_inout, (uint64_t)desired);
}

static inline void cp_alone_set(_Atomic uint64_t *word, uint64_t bits)
{
	CP_IF_ALONE("orq %1, %0" : "+m"(*word) : "r"(bits) : "memory", "cc")
	atomic_fetch_or_explicit(word, bits, memory_order_relaxed);
}

static inline void cp_alone_clear(_Atomic uint64_t *word, uint64_t bits)
{
	CP_IF_ALONE("andq %1, %0" : "+m"(*word) : "r"(~bits) : "memory", "cc")
	atomic_fetch_and_explicit(word, ~bits, memory_order_relaxed);
}

#endif
