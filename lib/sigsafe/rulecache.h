// SPDX-License-Identifier: MIT
// Context: SIG. pc -> packed rule, shared by all threads without a lock.
//
// A slot is one word, so it is never seen half-written: what the pc's hash has left after the slot's
// index was taken from it, and a rule of 32 bits. The hash can be undone, hence index and rest together
// are the pc: no false hits. Zero is an empty slot: a packed rule is never 0.
//
//	pc, 47 bits  -- times an odd number, modulo 2^47 -->  | index, 15 bits | tag, 32 bits |
//	slot[index] =  | tag, 32 bits | packed rule, 32 bits |
#ifndef CPROF_SIGSAFE_RULECACHE_H
#define CPROF_SIGSAFE_RULECACHE_H

#include "atomic.h"
#include "types.h"

enum { CP_RULECACHE_BITS = 15, CP_RULECACHE_TAG_BITS = 32 };

// 256 KiB of .bss: pages come as they are touched, and there is nothing to set up.
extern _Atomic uint64_t cp_rulecache[1 << CP_RULECACHE_BITS];

/** Forgets everything. A module is gone: its addresses may soon mean something else. */
void cp_rulecache_flush(void);

/** False: a pc outside what user space can be. */
static inline bool cp_rulecache_place(uintptr_t pc, uint32_t *index_out, uint32_t *tag_out)
{
#if defined(__aarch64__)
	pc >>= 2; // instructions are 4 bytes; this leaves 46 bits
#endif
	enum { KEY_BITS = CP_RULECACHE_BITS + CP_RULECACHE_TAG_BITS };
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t key = pc * odd;
	*tag_out = (uint32_t)key;
	*index_out = (uint32_t)(key >> CP_RULECACHE_TAG_BITS) & ((1u << CP_RULECACHE_BITS) - 1);
	return pc >> KEY_BITS == 0;
}

/** The packed rule of pc, 0: not there. */
static inline uint32_t cp_rulecache_get(uintptr_t pc)
{
	uint32_t index, tag;
	bool fits = cp_rulecache_place(pc, &index, &tag);
	uint64_t slot = load(&cp_rulecache[index], relaxed);
	return fits && slot >> 32 == tag ? (uint32_t)slot : 0;
}

static inline void cp_rulecache_put(uintptr_t pc, uint32_t packed)
{
	uint32_t index, tag;
	if (packed && cp_rulecache_place(pc, &index, &tag))
		store(&cp_rulecache[index], (uint64_t)tag << 32 | packed, relaxed);
}

#endif
