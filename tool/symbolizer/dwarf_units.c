// SPDX-License-Identifier: MIT
// Which compilation unit has an address. From the ranges of the units themselves: .debug_aranges is
// missing or incomplete in what clang and rustc write. Units without an address of ours are never
// read further.
#include <dwarf.h>

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
		uint32_t i = lookup_lower_bound(l->addresses, l->n, begin);
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
		if (u->n == u->cap) {
			uint32_t cap = u->cap ? 2 * u->cap : 64;
			u->items = arena_grow(u->lookup->arena, u->items, u->cap * sizeof *u->items,
					cap * sizeof *u->items, _Alignof(struct dwarf_unit));
			u->cap = cap;
		}
		u->items[u->n++] = unit;
	}
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
	for (uint32_t k = 1; k <= u.n; k++) {
		struct dwarf_unit *unit = &u.items[k - 1];
		unit->pcs = pcs + end[k - 1];
		unit->slots = slots + end[k - 1];
		unit->n = end[k] - end[k - 1];
		dwarf_scopes_find(l, unit, &sections);
	}
}
