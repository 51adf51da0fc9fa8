// SPDX-License-Identifier: MIT
// Context: CTL. Hashes for the writer's tables; their keys are the program's own, so no seed.
#ifndef CPROF_WRITE_HASH_H
#define CPROF_WRITE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** Every bit of x moves every bit of the result (multiply and fold, twice). */
static inline uint64_t cp_hash_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0x9e3779b97f4a7c15u; // 2^64 / golden ratio
	x ^= x >> 29;
	x *= 0x9e3779b97f4a7c15u;
	return x ^ x >> 32;
}

/** FNV-1a. */
static inline uint64_t cp_hash_bytes(const void *data, size_t len)
{
	const uint8_t *at = data;
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ at[i]) * 0x100000001b3u;
	return h ^ h >> 32;
}

#endif
