// SPDX-License-Identifier: MIT
// Context: SIG to add, CTL to make. Byte strings with dense ids, from 1: the strings and the stacks of a trace.
//
// Lock-free; nothing is removed. An id is known as soon as it is given out, its entry a moment later: who walks
// the ids meets a NULL there, and comes back.
#ifndef CPROF_SIGSAFE_INTERNED_H
#define CPROF_SIGSAFE_INTERNED_H

#include "pagealloc.h"
#include "types.h"

struct cp_interned_entry {
	struct cp_interned_entry *next; // in its bucket
	uint64_t hash;
	uint64_t head; // a part of the key
	uint32_t id;
	uint32_t nbytes;
	uint8_t bytes[]; // 8-byte aligned
};

struct cp_interned {
	struct cp_arena arena;
	_Atomic(struct cp_interned_entry *) *buckets; // as many as ids
	_Atomic(struct cp_interned_entry *) *by_id;
	uint32_t capacity; // a power of two
	_Atomic uint32_t count; // of ids given out
	_Atomic uint64_t refused; // there was no room
};

/** 0 or -ENOMEM. Context: CTL. */
int cp_interned_init(struct cp_interned *t, uint32_t capacity, size_t limit_bytes);

/** Forgets all; nobody may use it meanwhile. Context: CTL. */
void cp_interned_reset(struct cp_interned *t);

/** The entry of these bytes, made if it is new; NULL: no room, and counted. */
const struct cp_interned_entry *cp_interned_add(
		struct cp_interned *t, uint64_t head, const void *bytes, size_t nbytes);

/** NULL: not there, or not yet. An id that lost a race leads to its twin, whose id is another. */
const struct cp_interned_entry *cp_interned_at(const struct cp_interned *t, uint32_t id);

/** Ids are in [1, end). */
uint32_t cp_interned_end(const struct cp_interned *t);

#endif
