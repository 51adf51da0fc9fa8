// SPDX-License-Identifier: MIT
// Which compilation unit has an address. From the ranges of the units themselves: .debug_aranges is
// missing or incomplete in what clang and rustc write. Units without an address of ours are never
// read further.
#include <dwarf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "format/lower_bound.h"
#include "tool/symbolizer/dwarf_lookup.h"

struct units {
	struct dwarf_lookup *lookup;
	int64_t bias;
	struct dwarf_unit *items; // only those that have addresses
	uint32_t n, cap;
	uint32_t *of; // of each address: 1 + index of its unit, 0 unknown
};

static bool claim_addresses(struct units *u, Dwarf_Die *die, uint32_t owner)
{
	struct dwarf_lookup *l = u->lookup;
	bool any = false;
	Dwarf_Addr base, begin, end;
	for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &begin, &end)) > 0;) {
		begin += (uint64_t)u->bias;
		end += (uint64_t)u->bias;
		uint32_t i = lower_bound(l->addresses, l->n, begin);
		for (; i < l->n && l->addresses[i] < end; i++) {
			if (u->of[i] == 0) {
				u->of[i] = owner;
				any = true;
			}
		}
	}
	return any;
}

static void collect_units(struct units *u, Dwarf *dwarf)
{
	Dwarf_CU *cu = NULL;
	struct dwarf_unit unit = {0};
	uint8_t type;
	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &unit.die, &unit.tree) == 0) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		if (dwarf_tag(&unit.die) != DW_TAG_compile_unit && dwarf_tag(&unit.die) != DW_TAG_skeleton_unit)
			continue;
		if (!claim_addresses(u, &unit.die, u->n + 1))
			continue;
		if (type != DW_UT_skeleton || unit.tree.addr == NULL)
			unit.tree = unit.die;
		u->items = arena_make_room(u->lookup->arena, u->items, u->n, &u->cap, sizeof unit);
		u->items[u->n++] = unit;
	}
}

enum { MAX_WORKERS = 8 };

// The walks of all units, taken one by one by whoever has time.
struct walks {
	struct unit_walk **items;
	uint32_t n;
	_Atomic uint32_t next;
};

struct worker {
	struct walks *walks;
	struct arena arena;
	pthread_t thread;
	bool is_started;
};

static void *work(void *arg)
{
	struct worker *x = arg;
	for (uint32_t i; (i = atomic_fetch_add(&x->walks->next, 1)) < x->walks->n;)
		unit_walk_run(x->walks->items[i], &x->arena);
	return NULL;
}

static void run_and_write(struct walks *walks)
{
	struct worker workers[MAX_WORKERS] = {0};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t n = cpus < 1 ? 1 : cpus > MAX_WORKERS ? MAX_WORKERS : (uint32_t)cpus;
	for (uint32_t i = 0; i < n; i++) {
		workers[i].walks = walks;
		workers[i].is_started = i > 0 && i < walks->n &&
				pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
	}
	work(&workers[0]);
	for (uint32_t i = 1; i < n; i++)
		if (workers[i].is_started)
			pthread_join(workers[i].thread, NULL);
	for (uint32_t i = 0; i < walks->n; i++)
		unit_walk_write(walks->items[i]);
	for (uint32_t i = 0; i < n; i++)
		arena_deinit(&workers[i].arena);
}

void dwarf_units_find(struct dwarf_lookup *l, Dwarf *dwarf, int64_t bias)
{
	struct units u = {.lookup = l, .bias = bias};
	u.of = arena_array(l->arena, uint32_t, l->n);
	collect_units(&u, dwarf);

	// Group the addresses by unit: counts, then places. They stay ascending within a group.
	uint32_t *end = arena_array(l->arena, uint32_t, u.n + 2);
	for (uint32_t i = 0; i < l->n; i++)
		end[u.of[i] + 1]++;
	for (uint32_t k = 1; k < u.n + 2; k++)
		end[k] += end[k - 1];
	uint64_t *pcs = arena_array(l->arena, uint64_t, l->n);
	uint32_t *slots = arena_array(l->arena, uint32_t, l->n);
	for (uint32_t i = 0; i < l->n; i++) {
		uint32_t at = end[u.of[i]]++;
		pcs[at] = l->addresses[i] - (uint64_t)bias;
		slots[at] = i;
	}
	// Now end[k] is where group k ends; group 0 has no unit.
	struct dwarf_sections sections = dwarf_sections_of(dwarf, false);
	struct walks walks = {.items = arena_array(l->arena, struct unit_walk *, u.n), .n = u.n};
	for (uint32_t k = 1; k <= u.n; k++) {
		struct dwarf_unit *unit = &u.items[k - 1];
		unit->pcs = pcs + end[k - 1];
		unit->slots = slots + end[k - 1];
		unit->n = end[k] - end[k - 1];
		walks.items[k - 1] = unit_walk_new(l, unit, &sections);
	}
	run_and_write(&walks);
}
