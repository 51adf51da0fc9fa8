// SPDX-License-Identifier: MIT
// Naming locks (see objects.h).
#include "objects.h"

#include "tool/binutils/elf_image.h"
#include "tool/binutils/objfile.h"
#include "tool/binutils/symbols.h"
#include "tool/symbolizer/demangle.h"

// A binary where the process had it.
struct module {
	const struct objfile *file; // NULL: not at hand
	uint64_t begin, end;        // of all its segments, in the process
	bool has_symbols;
	struct symbol_list symbols;
};

struct naming {
	struct timeline *t;
	struct arena *arena;
	struct module *modules; // one a mapping
	struct idmap names;     // strids of objects
};

// A mapping is of one segment, which says where the file's addresses are; the variables are in another.
static void open_module(struct naming *n, uint32_t mapping)
{
	const struct profile *p = n->t->symbols;
	const struct mapping *m = &p->mappings[mapping];
	struct mapped_range range = {.start = m->start, .limit = m->limit, .offset = m->offset};
	const char *path = arena_strndup(n->arena, profile_str(p, m->file).ptr, profile_str(p, m->file).len);
	struct objfile *f;
	uint64_t in_file;
	if (!m->file || objfile_open(n->arena, path, &range, &f) || !f->elf)
		return;
	if (m->build_id && f->build_id.len && !str_eq(f->build_id, profile_str(p, m->build_id)))
		return;
	if (objfile_address(n->arena, f, m->start, &in_file))
		return;
	struct module *module = &n->modules[mapping];
	module->file = f;
	module->begin = UINT64_MAX;
	for (size_t i = 0; i < f->elf->nloads; i++) {
		uint64_t begin = f->base + f->elf->loads[i].vaddr, end = begin + f->elf->loads[i].memsz;
		module->begin = begin < module->begin ? begin : module->begin;
		module->end = end > module->end ? end : module->end;
	}
}

static struct module *module_of(struct naming *n, uint64_t address)
{
	for (uint32_t i = 0; i < n->t->symbols->nmappings; i++) {
		struct module *m = &n->modules[i];
		if (m->file && address >= m->begin && address < m->end)
			return m;
	}
	return NULL;
}

static strid find_name(struct naming *n, uint64_t address)
{
	struct module *m = module_of(n, address);
	if (!m)
		return 0;
	if (!m->has_symbols)
		symbols_from_file(n->arena, m->file->path, &m->symbols);
	m->has_symbols = true;
	uint64_t in_file = address - m->file->base;
	const struct symbol *s = m->symbols.n ? symbols_covering(&m->symbols, in_file) : NULL;
	if (!s || in_file - s->address >= s->size)
		return 0;
	struct str name = s->name;
	demangle(n->arena, s->name, DEMANGLE_SIMPLE, &name);
	char *text = arena_printf(n->arena, in_file == s->address ? "%.*s" : "%.*s+%lu", STR_FMT(name),
			in_file - s->address);
	return profile_intern(n->t->symbols, str_from(text));
}

void objects_name(struct timeline *t, struct arena *a)
{
	struct naming n = {t, a, .modules = arena_array(a, struct module, t->symbols->nmappings + 1ul)};
	idmap_init(&n.names, 0);
	for (uint32_t i = 0; i < t->symbols->nmappings; i++)
		open_module(&n, i);
	for (uint32_t i = 0; i < t->nspans; i++) {
		struct timeline_span *s = &t->spans[i];
		if (!timeline_is_lock(s) || !s->object)
			continue;
		uint32_t name = idmap_get(&n.names, s->object);
		if (name == IDMAP_NONE) {
			name = find_name(&n, s->object);
			idmap_set(&n.names, s->object, name);
		}
		s->object_name = name;
	}
	idmap_deinit(&n.names);
}
