// SPDX-License-Identifier: MIT
// Context: SIG. C11 atomics under names that can be read aloud: load(&w, acquire), store(&w, v, release).
#ifndef CPROF_SIGSAFE_ATOMIC_H
#define CPROF_SIGSAFE_ATOMIC_H

#include <stdatomic.h>

#define load(obj, order) atomic_load_explicit((obj), memory_order_##order)
#define store(obj, value, order) atomic_store_explicit((obj), (value), memory_order_##order)
#define exchange(obj, value, order) atomic_exchange_explicit((obj), (value), memory_order_##order)
#define fetch_add(obj, value, order) atomic_fetch_add_explicit((obj), (value), memory_order_##order)
#define fetch_sub(obj, value, order) atomic_fetch_sub_explicit((obj), (value), memory_order_##order)
#define compare_exchange(obj, expected, value, success) \
	atomic_compare_exchange_strong_explicit( \
			(obj), (expected), (value), memory_order_##success, memory_order_relaxed)
#define fence(order) atomic_thread_fence(memory_order_##order)
#define signal_fence(order) atomic_signal_fence(memory_order_##order) // against handlers of this thread

#endif
