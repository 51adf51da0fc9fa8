// SPDX-License-Identifier: MIT
// Context: SIG to write, CTL to read. See ring.h.
//
// Positions count words since creation and never wrap; a word's place is its position modulo the
// ring's size. What lies between tail and head is the reader's, the rest the writer's who holds
// `taken`.
#include <stdalign.h>

#include "atomic.h"
#include "pagealloc.h"
#include "ring.h"

enum {
	HEADER_WORDS = sizeof(struct cp_ring_record) / sizeof(uint64_t),
	MIN_WORDS = 2048, // the least: two records of CP_MAX_PCS
	CACHE_LINE = 64,
};

_Static_assert(sizeof(uintptr_t) == sizeof(uint64_t), "a pc is a word");

struct ring {
	alignas(CACHE_LINE) _Atomic bool taken; // by a writer
	_Atomic uint64_t head;                  // next word to be written
	_Atomic uint64_t lost;                  // weight of samples of handlers whose home this is
	uint64_t start;                         // of the record being written
	alignas(CACHE_LINE) _Atomic uint64_t tail; // next word to be read
};

struct cp_rings {
	size_t size_bytes; // of the whole mapping
	uint64_t *words;   // of ring 0; the others follow
	uint64_t nwords;   // of each ring, a power of two
	uint32_t nrings;
	_Atomic bool pressed;
	struct ring ring[];
};

static uint64_t *ring_word(const struct cp_rings *r, const struct ring *ring, uint64_t pos)
{
	return r->words + (uint64_t)(ring - r->ring) * r->nwords + (pos & (r->nwords - 1));
}

struct cp_rings *cp_rings_create(uint32_t nrings, size_t ring_bytes)
{
	uint64_t nwords = MIN_WORDS;
	while (nwords < ring_bytes / sizeof(uint64_t))
		nwords *= 2;
	size_t head_bytes = sizeof(struct cp_rings) + nrings * sizeof(struct ring);
	size_t size_bytes = head_bytes + nrings * nwords * sizeof(uint64_t);
	struct cp_rings *r = cp_pages_alloc(size_bytes);
	if (!r)
		return NULL;
	r->size_bytes = size_bytes;
	r->words = (uint64_t *)((char *)r + head_bytes);
	r->nwords = nwords;
	r->nrings = nrings;
	return r;
}

void cp_rings_destroy(struct cp_rings *r)
{
	if (r)
		cp_pages_free(r, r->size_bytes);
}

/** The place of a record of nwords in a ring the caller has taken; NULL: no room. */
static struct cp_ring_record *make_room(struct cp_rings *r, struct ring *ring, uint64_t nwords)
{
	uint64_t start = load(&ring->head, relaxed);
	uint64_t to_end = r->nwords - (start & (r->nwords - 1));
	uint64_t skip = to_end < nwords ? to_end : 0;
	uint64_t used = start - load(&ring->tail, acquire);
	if (nwords + skip > r->nwords - used)
		return NULL;
	if (skip)
		*ring_word(r, ring, start) = 0;
	ring->start = start + skip;
	return (struct cp_ring_record *)ring_word(r, ring, ring->start);
}

CP_NEAR struct cp_ring_record *cp_rings_reserve(
	struct cp_rings *r, uint32_t hint, uint32_t max_pcs, uint64_t weight)
{
	uint32_t home = hint % r->nrings;
	for (uint32_t i = 0; i < r->nrings; i++) {
		struct ring *ring =
			&r->ring[home + i < r->nrings ? home + i : home + i - r->nrings];
		if (exchange(&ring->taken, true, acquire))
			continue;
		struct cp_ring_record *rec = make_room(r, ring, HEADER_WORDS + max_pcs);
		if (rec) {
			rec->weight = weight;
			return rec;
		}
		store(&ring->taken, false, release);
	}
	fetch_add(&r->ring[home].lost, weight, relaxed);
	store(&r->pressed, true, relaxed);
	return NULL;
}

CP_NEAR void cp_rings_commit(struct cp_rings *r, struct cp_ring_record *rec, uint32_t npcs)
{
	struct ring *ring = &r->ring[(uint64_t)((uint64_t *)rec - r->words) / r->nwords];
	rec->nwords = HEADER_WORDS + npcs;
	uint64_t head = ring->start + rec->nwords;
	store(&ring->head, head, release);
	if (head - load(&ring->tail, relaxed) > r->nwords / 2)
		store(&r->pressed, true, relaxed);
	store(&ring->taken, false, release);
}

uint64_t cp_rings_drain(
	struct cp_rings *r, void (*fn)(const struct cp_ring_record *, void *), void *arg)
{
	uint64_t nrecords = 0;
	store(&r->pressed, false, relaxed);
	for (struct ring *ring = r->ring; ring < r->ring + r->nrings; ring++) {
		uint64_t head = load(&ring->head, acquire);
		uint64_t tail = load(&ring->tail, relaxed);
		while (tail != head) {
			const uint64_t *word = ring_word(r, ring, tail);
			if (*word == 0) {
				tail += r->nwords - (tail & (r->nwords - 1));
				continue;
			}
			fn((const struct cp_ring_record *)word, arg);
			nrecords++;
			tail += *word;
			store(&ring->tail, tail, release);
		}
	}
	return nrecords;
}

uint64_t cp_rings_lost(const struct cp_rings *r)
{
	uint64_t lost = 0;
	for (uint32_t i = 0; i < r->nrings; i++)
		lost += load(&r->ring[i].lost, relaxed);
	return lost;
}

CP_NEAR bool cp_rings_pressed(const struct cp_rings *r)
{
	return load(&r->pressed, relaxed);
}
