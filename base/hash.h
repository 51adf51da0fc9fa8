// SPDX-License-Identifier: MIT
// Hashing for tables in memory: fast, well mixed in the low bits. Not against attackers who choose keys
// (a profile made to collide is slow to read, no more), never stored.
#ifndef CPROF_BASE_HASH_H
#define CPROF_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xd6e8feb86659fd93u);
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_u64(uint64_t v)
{
	return hash_mix(v, 0);
}

static inline uint64_t hash_bytes(const void *data, size_t len)
{
	const unsigned char *at = data;
	uint64_t h = len, word;
	for (; len >= 8; at += 8, len -= 8) {
		memcpy(&word, at, 8);
		h = hash_mix(h, word);
	}
	word = 0;
	if (len)
		memcpy(&word, at, len);
	return hash_mix(h, word);
}

#endif
