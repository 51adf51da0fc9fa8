// SPDX-License-Identifier: MIT
// Context: CTL. Numbering and grouping of locations; see locations.h.
#include "locations.h"

#include "grow.h"

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
		if (m)
			key.space = m->id;
	}
	return cp_idmap_intern(&l->ids, key, &is_new);
}

static bool is_before(const struct cp_locations *l, const struct cp_symbol_query *a,
		const struct cp_symbol_query *b)
{
	uint64_t space_a = l->ids.keys[a->id - 1].space;
	uint64_t space_b = l->ids.keys[b->id - 1].space;
	return space_a != space_b ? space_a < space_b : a->vaddr < b->vaddr;
}

static void swap(struct cp_symbol_query *a, struct cp_symbol_query *b)
{
	struct cp_symbol_query old = *a;
	*a = *b;
	*b = old;
}

static void sift_down(const struct cp_locations *l, struct cp_symbol_query *q, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && is_before(l, &q[child], &q[child + 1]))
			child++;
		if (!is_before(l, &q[root], &q[child]))
			return;
		swap(&q[root], &q[child]);
	}
}

/** By module, then by address. Heapsort: qsort() may call malloc. */
static void sort(const struct cp_locations *l, struct cp_symbol_query *q, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_down(l, q, i, count);
	for (size_t i = count; i-- > 1;) {
		swap(&q[0], &q[i]);
		sift_down(l, q, 0, i);
	}
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

bool cp_locations_group(struct cp_locations *l, cp_locations_group_fn *fn, void *arg)
{
	size_t count = l->ids.count - l->grouped;
	void *mem = NULL;
	size_t mem_bytes = 0;
	if (count == 0)
		return true;
	if (!cp_grow(&mem, &mem_bytes, count * sizeof(struct cp_symbol_query)))
		return false;
	struct cp_symbol_query *queries = mem;
	for (size_t i = 0; i < count; i++) {
		queries[i].id = l->grouped + (uint32_t)i + 1;
		queries[i].vaddr = l->ids.keys[queries[i].id - 1].value;
	}
	sort(l, queries, count);
	bool ok = true;
	for (size_t i = 0, end; i < count && ok; i = end) {
		uint64_t space = l->ids.keys[queries[i].id - 1].space;
		for (end = i + 1; end < count; end++) {
			if (l->ids.keys[queries[end].id - 1].space != space)
				break;
		}
		ok = hand_out(queries + i, end - i, space, fn, arg);
	}
	l->grouped = l->ids.count;
	cp_grow_free(&mem, &mem_bytes);
	return ok;
}

void cp_locations_free(struct cp_locations *l)
{
	cp_idmap_free(&l->ids);
}
