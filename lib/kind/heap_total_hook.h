// SPDX-License-Identifier: MIT
// Context: SIG. What is in use in all: when that was most, and a call for who waits that it grows.
#ifndef CPROF_KIND_HEAP_TOTAL_HOOK_H
#define CPROF_KIND_HEAP_TOTAL_HOOK_H

#include "sigsafe/atomic.h"
#include "sigsafe/types.h"

/** Adds what a sample stands for, or takes it away. */
void cp_heap_total_add(int64_t estimate_bytes);

/** What is in use now, about. */
int64_t cp_heap_estimate_in_use(void);

extern __attribute__((visibility("hidden"))) struct cp_heap_total {
	_Alignas(32) _Atomic int64_t inuse_estimate_bytes;
	_Atomic int64_t peak_estimate_bytes;
	_Atomic int64_t epoch; // of the peak
	_Atomic int64_t awaited_bytes; // 0: none
} cp_heap_total;

/** Another one for each new maximum. */
static inline int64_t cp_heap_peak_epoch(void)
{
	return load(&cp_heap_total.epoch, acquire);
}

/** Once more than `bytes` are in use a waiter on cp_heap_ngrown is woken, once. The least of those asked for counts. */
void cp_heap_await_growth(int64_t bytes);
extern __attribute__((visibility("hidden"))) _Atomic uint32_t cp_heap_ngrown; // a futex

#endif
