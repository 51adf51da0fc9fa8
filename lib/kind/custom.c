// SPDX-License-Identifier: MIT
// Context: CTL. See custom.h.
//
// A profile is a table of its keys, each with the stack it was added at, whose count it is part of. One
// lock for all of them; it is also held over fork(), so that a child's copy is whole.
#include "custom.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "counts.h"
#include "kind.h"
#include "sigsafe/atomic.h"
#include "sigsafe/capture.h"
#include "sigsafe/lock.h"
#include "sigsafe/modmap.h"
#include "sigsafe/unwind.h"
#include "write/grow.h"
#include "write/hash.h"

enum {
	NBUCKETS = 1 << 10,
	MAX_STACKS_BYTES = 64 << 20,
	MIN_SLOTS = 64,
	MAX_NAME_BYTES = 256,
};

/** A key that is in; stack NULL: a free slot. */
struct slot {
	const void *key;
	struct cp_stack *stack;
	int64_t weight;
};

struct custom {
	struct cprof_profile base; // first: one is the other's address
	_Atomic(struct custom *) next;
	struct cp_stacktab stacks;
	struct slot *slots; // open addressing, a power of two, at most half full
	size_t nslots, slots_cap_bytes;
	_Atomic uint64_t nkeys;
	bool has_weight;
	char name[MAX_NAME_BYTES], weight_type[MAX_NAME_BYTES], weight_unit[MAX_NAME_BYTES];
};

static struct cp_lock lock;
static _Atomic(struct custom *) first; // by name

/// Keys. Lock held.

static size_t slot_of(const struct custom *c, const void *key)
{
	size_t i = cp_hash_mix((uintptr_t)key) & (c->nslots - 1);
	while (c->slots[i].stack && c->slots[i].key != key)
		i = (i + 1) & (c->nslots - 1);
	return i;
}

static bool make_room(struct custom *c)
{
	struct custom wider = *c;
	if (2 * (load(&c->nkeys, relaxed) + 1) <= c->nslots)
		return true;
	wider.nslots = c->nslots ? 2 * c->nslots : MIN_SLOTS;
	wider.slots = NULL;
	wider.slots_cap_bytes = 0;
	if (!cp_grow(&wider.slots, &wider.slots_cap_bytes, wider.nslots * sizeof(*wider.slots)))
		return false;
	for (size_t i = 0; i < c->nslots; i++) {
		if (c->slots[i].stack)
			wider.slots[slot_of(&wider, c->slots[i].key)] = c->slots[i];
	}
	cp_grow_free(&c->slots, &c->slots_cap_bytes);
	c->slots = wider.slots;
	c->nslots = wider.nslots;
	c->slots_cap_bytes = wider.slots_cap_bytes;
	return true;
}

static void count(struct slot *s, int64_t sign)
{
	fetch_add(&s->stack->values[CP_COUNTS_COUNT], sign, relaxed);
	fetch_add(&s->stack->values[CP_COUNTS_SECOND], sign * s->weight, relaxed);
}

/** Frees slot i; those behind it that it kept from their places move up. */
static void clear_slot(struct custom *c, size_t i)
{
	size_t mask = c->nslots - 1;
	for (size_t j = (i + 1) & mask; c->slots[j].stack; j = (j + 1) & mask) {
		size_t home = cp_hash_mix((uintptr_t)c->slots[j].key) & mask;
		if (((j - home) & mask) >= ((j - i) & mask)) {
			c->slots[i] = c->slots[j];
			i = j;
		}
	}
	c->slots[i] = (struct slot){0};
}

/// Profiles

static int write_custom(const struct cprof_profile *p, struct cprof_writer writer, int debug)
{
	struct custom *c = (struct custom *)p;
	const struct cp_counts counts = {
			.name = c->name,
			.second_type = c->has_weight ? c->weight_type : NULL,
			.second_unit = c->weight_unit,
			.stacks = &c->stacks,
	};
	return cp_counts_write(&counts, writer, debug);
}

static uint64_t count_custom(const struct cprof_profile *p)
{
	return load(&((struct custom *)p)->nkeys, relaxed);
}

static void hold(void)
{
	cp_lock_take(&lock);
}

static void let_go(void)
{
	cp_lock_release(&lock);
}

static void watch_forks(void)
{
	pthread_atfork(hold, let_go, let_go);
}

static int prepare_process(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, watch_forks);
	int ret = cp_unwind_init();
	return ret ? ret : cp_modmap_refresh();
}

/** Lock held. -EEXIST: there is one of that name. */
static int insert(struct custom *c)
{
	_Atomic(struct custom *) *link = &first;
	struct custom *at;
	while ((at = load(link, relaxed)) && strcmp(at->name, c->name) < 0)
		link = &at->next;
	if (at && strcmp(at->name, c->name) == 0)
		return -EEXIST;
	store(&c->next, at, relaxed);
	store(link, c, release);
	return 0;
}

/** The text form's header has the name as one word. */
static bool is_name(const char *name)
{
	size_t n = 0;
	for (; name && name[n]; n++) {
		if ((unsigned char)name[n] <= ' ' || n == MAX_NAME_BYTES - 1)
			return false;
	}
	return n > 0;
}

int cp_custom_new(const char *name, const char *weight_type, const char *weight_unit,
		struct cprof_profile **profile_out)
{
	*profile_out = NULL;
	if (!is_name(name) || (weight_type && (!is_name(weight_type) || !is_name(weight_unit))))
		return -EINVAL;
	if (cp_kind_lookup(name))
		return -EEXIST;
	int ret = prepare_process();
	struct custom *c = ret ? NULL : cp_pages_alloc(sizeof(*c));
	if (!c)
		return ret ? ret : -ENOMEM;
	strcpy(c->name, name);
	c->has_weight = weight_type != NULL;
	if (weight_type) {
		strcpy(c->weight_type, weight_type);
		strcpy(c->weight_unit, weight_unit);
	}
	c->base = (struct cprof_profile){c->name, write_custom, count_custom};
	ret = cp_stacktab_init(&c->stacks, NBUCKETS, MAX_STACKS_BYTES);
	if (ret == 0) {
		cp_lock_take(&lock);
		ret = insert(c);
		cp_lock_release(&lock);
		if (ret < 0)
			cp_stacktab_deinit(&c->stacks);
	}
	if (ret < 0)
		cp_pages_free(c, sizeof(*c));
	else
		*profile_out = &c->base;
	return ret;
}

static struct custom *custom_of(struct cprof_profile *p)
{
	return p && p->write == write_custom ? (struct custom *)p : NULL;
}

int cp_custom_add(struct cprof_profile *p, const void *key, int64_t weight, int skip, const void *caller)
{
	uintptr_t pcs[CP_CAPTURE_PCS];
	struct custom *c = custom_of(p);
	if (!p || skip < 0 || (weight && c && !c->has_weight))
		return -EINVAL;
	if (!c)
		return -EPERM;
	uint32_t npcs = cp_capture(pcs, caller, (uint32_t)skip);
	struct cp_stack *stack = cp_stacktab_intern(&c->stacks, pcs, npcs, cp_modmap_epoch_of(pcs, npcs), 0);
	cp_lock_take(&lock);
	int ret = make_room(c) ? 0 : -ENOMEM;
	struct slot *s = ret ? NULL : &c->slots[slot_of(c, key)];
	if (s && s->stack)
		ret = -EEXIST;
	if (ret == 0) {
		*s = (struct slot){key, stack, weight};
		count(s, 1);
		fetch_add(&c->nkeys, 1, relaxed);
	}
	cp_lock_release(&lock);
	return ret;
}

int cp_custom_remove(struct cprof_profile *p, const void *key)
{
	struct custom *c = custom_of(p);
	if (!c)
		return p ? -EPERM : -EINVAL;
	int ret = -ENOENT;
	cp_lock_take(&lock);
	size_t i = c->nslots ? slot_of(c, key) : 0;
	if (c->nslots && c->slots[i].stack) {
		count(&c->slots[i], -1);
		clear_slot(c, i);
		fetch_sub(&c->nkeys, 1, relaxed);
		ret = 0;
	}
	cp_lock_release(&lock);
	return ret;
}

const struct cprof_profile *cp_custom_next(const struct cprof_profile *p)
{
	const struct custom *c = (const struct custom *)p;
	struct custom *next = load(c ? (_Atomic(struct custom *) *)&c->next : &first, acquire);
	return next ? &next->base : NULL;
}
