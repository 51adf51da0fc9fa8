// SPDX-License-Identifier: MIT
// Context: SIG to add, CTL to walk. Interned stacks with a handful of counters each; lock-free.
//
// A stack is its pcs and the module epoch it is kept under (after a dlclose the same pc may mean another
// function). Entries are never removed while the table lives. When the table is full, all that
// does not fit is counted in one overflow entry, so sums stay exact.
#ifndef CPROF_SIGSAFE_STACKTAB_H
#define CPROF_SIGSAFE_STACKTAB_H

#include "pagealloc.h"
#include "types.h"

enum { CP_STACKTAB_VALUES = 8, CP_STACKTAB_LEVELS = 8 };

struct cp_stack {
	_Atomic(struct cp_stack *) next; // in its bucket
	uint64_t hash;
	uint32_t epoch;  // cp_modmap_epoch_of() it
	uint32_t npcs;
	uint64_t tag;    // of the kind: labels, size class, ...; part of the key
	_Atomic int64_t values[CP_STACKTAB_VALUES];
	uintptr_t pcs[];
};

typedef _Atomic(struct cp_stack *) cp_stack_bucket;

struct cp_stacktab {
	struct cp_arena arena;
	_Atomic(cp_stack_bucket *) levels[CP_STACKTAB_LEVELS]; // NULL: not needed yet
	uint32_t nbuckets; // of the first, a power of two; each other has 8 times those of the one before
	_Atomic uint32_t count;
	union {
		struct cp_stack overflow; // in no bucket; its stack is CP_MARKER_OVERFLOW
		char overflow_room[sizeof(struct cp_stack) + sizeof(uintptr_t)];
	};
};

/** nbuckets: to begin with. limit_bytes bounds the arena. 0 or -ENOMEM. Context: CTL. */
int cp_stacktab_init(struct cp_stacktab *t, uint32_t nbuckets, size_t limit_bytes);
void cp_stacktab_deinit(struct cp_stacktab *t);

/** The hash of a stack from that of its caller's stack; 0 for a root. */
static inline uint64_t cp_stack_hash(uint64_t callers_hash, uintptr_t pc)
{
	uint64_t h = (callers_hash ^ pc) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

/** The entry of this stack, made if it is new; the overflow entry if there is no room. Never NULL. */
struct cp_stack *cp_stacktab_intern(struct cp_stacktab *t, const uintptr_t *pcs, uint32_t npcs,
		uint32_t epoch, uint64_t tag);

/** The same for who knows the hash of the pcs already. */
struct cp_stack *cp_stacktab_intern_hashed(struct cp_stacktab *t, uint64_t pcs_hash, const uintptr_t *pcs,
		uint32_t npcs, uint32_t epoch, uint64_t tag);

/** Calls fn for every entry, then for the overflow entry if it counted anything. Context: CTL. */
void cp_stacktab_each(struct cp_stacktab *t, void (*fn)(struct cp_stack *, void *), void *arg);

#endif
