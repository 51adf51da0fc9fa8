// SPDX-License-Identifier: MIT
// Context: CTL. Doubles and copies: the kernel gives pages only when they are touched, so what doubling
// reserves too much costs address space, not memory.
#include "grow.h"

#include <stdint.h>
#include <string.h>

#include "sigsafe/atomic.h"
#include "sigsafe/pagealloc.h"

enum { MIN_BYTES = 8 << 10, MAX_KEPT = 12 };

static _Atomic int keepers;
static _Atomic(void *) kept[MAX_KEPT];
static struct cp_arena scratch;
static _Atomic uint32_t scratch_state;
enum { NONE, MOVING, KEPT }; // the scratch: who moves it there has it to himself

/** MIN_BYTES that were kept, zeroed, or NULL. */
static void *take_kept(void)
{
	for (int i = 0; i < MAX_KEPT; i++) {
		void *ptr = load(&kept[i], relaxed) ? exchange(&kept[i], NULL, acquire) : NULL;
		if (ptr)
			return memset(ptr, 0, MIN_BYTES);
	}
	return NULL;
}

static void give(void *ptr, size_t bytes)
{
	for (int i = 0; i < MAX_KEPT && bytes == MIN_BYTES && load(&keepers, relaxed) > 0; i++) {
		void *none = NULL;
		if (compare_exchange(&kept[i], &none, ptr, release))
			return;
	}
	cp_pages_free(ptr, bytes);
}

void cp_grow_keep(void)
{
	fetch_add(&keepers, 1, relaxed);
}

void cp_grow_give_back(void)
{
	if (fetch_sub(&keepers, 1, relaxed) > 1)
		return;
	for (int i = 0; i < MAX_KEPT; i++) {
		void *ptr = exchange(&kept[i], NULL, acquire);
		if (ptr)
			cp_pages_free(ptr, MIN_BYTES);
	}
	struct cp_arena arena = {0};
	cp_grow_take_scratch(&arena);
	cp_arena_reset(&arena);
}

static bool move_scratch(uint32_t from)
{
	return compare_exchange(&scratch_state, &from, MOVING, acquire);
}

void cp_grow_take_scratch(struct cp_arena *arena)
{
	if (!move_scratch(KEPT))
		return;
	*arena = scratch;
	store(&scratch_state, NONE, release);
}

void cp_grow_give_scratch(struct cp_arena *arena)
{
	cp_arena_rewind(arena);
	if (load(&keepers, relaxed) == 0 || !move_scratch(NONE)) {
		cp_arena_reset(arena);
		return;
	}
	scratch = *arena;
	store(&scratch_state, KEPT, release);
	*arena = (struct cp_arena){0};
}

bool cp_grow(void *array, size_t *cap_bytes, size_t need_bytes)
{
	if (need_bytes <= *cap_bytes)
		return true;
	size_t cap = *cap_bytes ? *cap_bytes : MIN_BYTES;
	while (cap < need_bytes) {
		if (cap > SIZE_MAX / 2)
			return false;
		cap *= 2;
	}
	void *bigger = cap == MIN_BYTES ? take_kept() : NULL, *ptr;
	if (!bigger) {
		bigger = cp_pages_alloc(cap);
		cp_pages_fill(bigger, *cap_bytes ? *cap_bytes : cap);
	}
	if (!bigger)
		return false;
	memcpy(&ptr, array, sizeof(ptr)); // by its bytes: it may be of any pointer type
	if (ptr) {
		memcpy(bigger, ptr, *cap_bytes);
		give(ptr, *cap_bytes);
	}
	memcpy(array, &bigger, sizeof(bigger));
	*cap_bytes = cap;
	return true;
}

void cp_grow_free(void *array, size_t *cap_bytes)
{
	void *ptr;
	memcpy(&ptr, array, sizeof(ptr));
	if (ptr)
		give(ptr, *cap_bytes);
	memset(array, 0, sizeof(ptr));
	*cap_bytes = 0;
}

bool cp_grow_sink(struct profwrite_sink *s, size_t extra_bytes)
{
	return extra_bytes <= SIZE_MAX - s->len && cp_grow(&s->ptr, &s->cap, s->len + extra_bytes);
}

void cp_grow_sink_free(struct profwrite_sink *s)
{
	cp_grow_free(&s->ptr, &s->cap);
	s->len = 0;
}
