// SPDX-License-Identifier: MIT
// Context: CTL. Numbering and grouping of locations; see locations.h.
#include "locations.h"

#include "grow.h"
#include "known.h"
#include "sort.h"
#include "symbol/remapped.h"

enum { USED_BYTES = 24 << 10 }; // of scratch: a piece's queries, and what cp_symbolize() mostly uses

static const struct cp_module *find_module(struct cp_locations *l, uintptr_t address, uint32_t epoch)
{
	const struct cp_module *m = l->last;
	if (m && l->last_epoch == epoch && address >= m->start && address < m->end)
		return m;
	m = cp_modmap_find_at(address, epoch);
	l->last = m;
	l->last_epoch = epoch;
	return m;
}

uint32_t cp_locations_intern(struct cp_locations *l, uintptr_t pc, bool is_leaf, uint32_t epoch)
{
	struct cp_idkey key = {(uint64_t)CP_SPACE_NO_MODULE, pc};
	bool is_new;
	if (pc > CP_MARKER_NONE && pc < CP_MARKER_COUNT) {
		key.space = (uint64_t)CP_SPACE_MARKER;
	} else if (pc >= CP_MARKER_LIMIT) {
		key.value = is_leaf ? pc : pc - 1;
		const struct cp_module *m = find_module(l, key.value, epoch);
		if (!m) {
			key.value = cp_remapped_home(key.value);
			m = find_module(l, key.value, epoch);
		}
		if (m)
			key.space = m->id;
	}
	return cp_idmap_intern(&l->ids, key, &is_new);
}

/** By module, then by address. */
static bool is_before(const void *a, const void *b, const void *locations)
{
	const struct cp_locations *l = locations;
	const struct cp_symbol_query *x = a, *y = b;
	uint64_t space_x = l->ids.keys[x->id - 1].space, space_y = l->ids.keys[y->id - 1].space;
	return space_x != space_y ? space_x < space_y : x->vaddr < y->vaddr;
}

static bool hand_out(struct cp_symbol_query *queries, size_t nqueries, uint64_t space,
		cp_locations_group_fn *fn, void *arg)
{
	const struct cp_module *m = NULL;
	if (space < cp_modmap_count()) {
		m = cp_modmap_module((uint32_t)space);
		for (size_t i = 0; i < nqueries; i++)
			queries[i].vaddr -= m->load_bias;
	}
	return fn(arg, space, m, queries, nqueries);
}

/** The locations that are new, sorted; NULL: no memory. */
static struct cp_symbol_query *new_queries(struct cp_locations *l, size_t count)
{
	size_t bytes = count * sizeof(struct cp_symbol_query);
	l->scratch.fill_bytes = USED_BYTES + bytes;
	struct cp_symbol_query *queries = cp_arena_alloc(&l->scratch, bytes);
	l->scratch.fill_bytes = USED_BYTES;
	if (!queries)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		uint32_t id = l->grouped + (uint32_t)i + 1;
		queries[i] = (struct cp_symbol_query){.id = id, .vaddr = l->ids.keys[id - 1].value};
	}
	cp_sort(queries, count, sizeof(*queries), is_before, l);
	return queries;
}

bool cp_locations_group(struct cp_locations *l, cp_locations_group_fn *fn, void *arg)
{
	size_t count = l->ids.count - l->grouped;
	if (count == 0)
		return true;
	struct cp_symbol_query *queries = new_queries(l, count);
	bool ok = queries;
	for (size_t i = 0, end; i < count && ok; i = end) {
		uint64_t space = l->ids.keys[queries[i].id - 1].space;
		for (end = i + 1; end < count; end++) {
			if (l->ids.keys[queries[end].id - 1].space != space)
				break;
		}
		ok = hand_out(queries + i, end - i, space, fn, arg);
	}
	if (queries)
		l->grouped = l->ids.count;
	l->room = NULL;
	cp_arena_rewind(&l->scratch);
	return ok;
}

struct keep {
	const struct cp_module *module; // NULL: of code that a JIT made, which may be another's tomorrow
	cp_symbol_found *found;
	void *arg;
};

static void keep_found(void *arg, struct cp_symbol_query *query, const char *name, size_t len)
{
	const struct keep *k = arg;
	if (k->module && !query->is_plt)
		cp_known_add(k->module, query, name, len);
	k->found(k->arg, query, name, len);
}

/** What has no name, too: else it would be looked for again and again. */
static void keep_nameless(const struct cp_module *module, const struct cp_symbol_query *queries, size_t nqueries)
{
	for (size_t i = 0; i < nqueries; i++) {
		if (!queries[i].is_found)
			cp_known_add(module, &queries[i], NULL, 0);
	}
}

void cp_locations_symbolize(struct cp_locations *l, uint64_t space, const struct cp_module *module,
		struct cp_symbol_query *queries, size_t nqueries, cp_symbol_found *found, void *arg)
{
	if (space == (uint64_t)CP_SPACE_MARKER || (module && cp_known_find(module, queries, nqueries, found, arg)))
		return;
	if (module && !l->room)
		l->room = cp_arena_alloc(&l->scratch, CP_SYMBOLIZE_BYTES);
	struct keep k = {module, found, arg};
	if (cp_symbolize(module, l->room, queries, nqueries, keep_found, &k) == 0 && module)
		keep_nameless(module, queries, nqueries);
}

void cp_locations_free(struct cp_locations *l)
{
	cp_idmap_free(&l->ids);
	cp_grow_give_scratch(&l->scratch);
}
