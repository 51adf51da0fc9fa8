// SPDX-License-Identifier: MIT
// Context: SIG. The arithmetic of sampling by bytes: where the next sample is, what one stands for.
#ifndef CPROF_KIND_HEAP_DRAW_HOOK_H
#define CPROF_KIND_HEAP_DRAW_HOOK_H

#include "sigsafe/random.h"
#include "sigsafe/types.h"

/** Exponential with this mean: -ln(q) * mean, q even in (0, 1]. At least 1. */
uint64_t cp_heap_draw_distance(struct cp_random *random, uint64_t mean_bytes);

/** size / (1 - exp(-size / rate)): the bytes a sample of this size stands for. */
uint64_t cp_heap_estimate_bytes(uint64_t size_bytes, uint64_t rate_bytes);

/** Eight classes a doubling: sizes of a class differ by 12.5 % at most, so scaling by their mean is
 *  exact enough and malloc(n) in a loop makes few buckets. */
uint32_t cp_heap_size_class(size_t size_bytes);

#endif
