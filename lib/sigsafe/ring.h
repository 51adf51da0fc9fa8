// SPDX-License-Identifier: MIT
// Context: SIG to write, CTL to read. Where handlers leave their samples for the collector.
//
// A fixed set of rings, each with one reader (the collector) and one writer at a time: a handler takes
// a ring by an atomic flag, starting with the one its thread used last, and goes on to the next where it
// is taken. It never waits. Memory is bounded by the number of rings, not of threads. A sample that finds
// no room, or no free ring, is counted in `lost` with its weight: written + lost = samples, exactly.
//
//   record:  | nwords | weight | epoch | tag | pc 0 | pc 1 | ... |     nwords counts all of it
//   A record never wraps: a 0 word says that the ring goes on at its start.
#ifndef CPROF_SIGSAFE_RING_H
#define CPROF_SIGSAFE_RING_H

#include "types.h"

struct cp_ring_record {
	uint64_t nwords; // this header included
	uint64_t weight; // periods this sample stands for: 1 + overruns
	uint64_t epoch;  // cp_modmap_epoch_of() the stack
	uint64_t tag;    // kind-specific; labels
	uintptr_t pcs[];
};

struct cp_rings; // opaque; see ring.c

/** Rings of `ring_bytes` each. NULL: no memory. Context: CTL. */
struct cp_rings *cp_rings_create(uint32_t nrings, size_t ring_bytes);
void cp_rings_destroy(struct cp_rings *r);

/**
 * Room for a record of max_pcs pcs, to be written in place; NULL: counted as lost with `weight`.
 * `hint` is the caller's home ring (any number). Commit with the pcs really written. Context: SIG.
 */
struct cp_ring_record *cp_rings_reserve(struct cp_rings *r, uint32_t hint, uint32_t max_pcs,
		uint64_t weight);
void cp_rings_commit(struct cp_rings *r, struct cp_ring_record *rec, uint32_t npcs);

/** Calls fn for each record there is and frees their room; returns how many. One reader at a time. CTL. */
uint64_t cp_rings_drain(struct cp_rings *r, void (*fn)(const struct cp_ring_record *, void *), void *arg);

/** Weight lost since creation. */
uint64_t cp_rings_lost(const struct cp_rings *r);

/** More than half of some ring is used: the collector should not wait for its next turn. Context: SIG. */
bool cp_rings_pressed(const struct cp_rings *r);

#endif
