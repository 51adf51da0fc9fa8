// SPDX-License-Identifier: MIT
// See die_text.h.
#include "tool/symbolizer/die_text.h"

#include <dwarf.h>

#include "base/hash.h"

void function_texts_deinit(struct function_texts *t)
{
	hash_index_deinit(&t->by_die);
}

static uint64_t value(Dwarf_Attribute *attribute)
{
	Dwarf_Word number;
	return attribute && dwarf_formudata(attribute, &number) == 0 ? number : 0;
}

static struct str text(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute at;
	return str_from(dwarf_formstring(dwarf_attr_integrate(die, attribute, &at)));
}

Dwarf_Die function_origin(Dwarf_Die *instance)
{
	Dwarf_Attribute at;
	Dwarf_Die origin;
	if (dwarf_attr(instance, DW_AT_abstract_origin, &at) && dwarf_formref_die(&at, &origin))
		return origin;
	return *instance;
}

uint32_t function_text_of(struct function_texts *t, Dwarf_Die die)
{
	Dwarf_Attribute at;
	uint64_t hash = hash_u64((uintptr_t)die.addr);
	struct hash_probe probe = hash_index_probe(&t->by_die, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (t->items[i].die.addr == die.addr)
			return i;
	t->items = arena_make_room(t->arena, t->items, t->n, &t->cap, sizeof *t->items);
	t->items[t->n] = (struct function_text){.die = die,
			.start_line = (int64_t)value(dwarf_attr_integrate(&die, DW_AT_decl_line, &at))};
	hash_index_add(&t->by_die, hash, t->n);
	return t->n++;
}

struct str function_text_name(struct function_texts *t, uint32_t i)
{
	static const unsigned attributes[] = {DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name};
	struct function_text *f = &t->items[i];
	for (unsigned k = 0; k < 3 && !f->has_name && f->name.len == 0; k++)
		f->name = text(&f->die, attributes[k]);
	f->has_name = true;
	return f->name;
}
