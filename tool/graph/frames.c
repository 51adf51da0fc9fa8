// SPDX-License-Identifier: MIT
// Gives every distinct place of a profile's lines its index. See frames.h.
#include "tool/graph/frames.h"

#include "base/path.h"

struct builder {
	struct graph *g;
	uint32_t *slots; // open addressing: info + 1
	uint32_t mask;
	strid *clean_files; // [nfunctions]; NO_INDEX until cleaned
};

static uint64_t info_hash(const struct node_info *i)
{
	const uint64_t mul = 0x9e3779b97f4a7c15u;
	uint64_t h = i->name;
	h = (h ^ (uint64_t)i->file << 32) * mul;
	h = (h ^ h >> 29 ^ i->address) * mul;
	h = (h ^ h >> 29 ^ (uint64_t)i->line ^ (uint64_t)i->column << 40) * mul;
	h = (h ^ h >> 29 ^ i->objfile ^ (uint64_t)i->start_line << 32) * mul;
	return h ^ h >> 32;
}

static bool info_eq(const struct node_info *a, const struct node_info *b)
{
	return a->name == b->name && a->file == b->file && a->objfile == b->objfile &&
			a->address == b->address && a->line == b->line && a->column == b->column &&
			a->start_line == b->start_line;
}

static uint32_t find_or_add(struct builder *b, const struct node_info *info)
{
	struct graph *g = b->g;
	uint32_t at = (uint32_t)info_hash(info) & b->mask;
	for (; b->slots[at]; at = (at + 1) & b->mask)
		if (info_eq(&g->infos[b->slots[at] - 1], info))
			return b->slots[at] - 1;
	g->infos[g->ninfos] = *info;
	b->slots[at] = ++g->ninfos;
	return g->ninfos - 1;
}

static strid clean_file(struct builder *b, uint32_t function)
{
	struct profile *p = b->g->profile;
	if (b->clean_files[function] == NO_INDEX) {
		struct str file = profile_str(p, p->functions[function].filename);
		if (file.len)
			file = str_from(path_clean(&b->g->arena, file));
		b->clean_files[function] = profile_intern(p, file);
	}
	return b->clean_files[function];
}

static struct node_info line_info(struct builder *b, const struct location *l, const struct line *line)
{
	const struct profile *p = b->g->profile;
	strid objfile = l->mapping == NO_INDEX ? 0 : p->mappings[l->mapping].file;
	struct node_info info = {.address = l->address};
	if (!line || line->function == NO_INDEX) {
		info.objfile = objfile;
		return info;
	}
	const struct function *f = &p->functions[line->function];
	info.name = f->name;
	info.file = clean_file(b, line->function);
	info.line = line->line;
	info.column = line->column;
	if (b->g->options.obj_names || !f->name) {
		info.objfile = objfile;
		info.start_line = f->start_line;
	}
	return info;
}

static void add_location(struct builder *b, uint32_t loc)
{
	struct graph *g = b->g;
	struct frame_table *t = g->frames;
	const struct location *l = &g->profile->locations[loc];
	const struct line *lines = g->profile->lines + l->line_begin;

	if (l->nlines <= 1) {
		struct node_info info = line_info(b, l, l->nlines ? lines : NULL);
		t->codes[loc] = find_or_add(b, &info);
		return;
	}
	g->has_inlines = true;
	t->codes[loc] = FRAMES_SEVERAL | t->nlists;
	t->lists[t->nlists++] = l->nlines;
	for (uint32_t i = 0; i < l->nlines; i++) {
		struct node_info info = line_info(b, l, &lines[i]);
		uint32_t node = find_or_add(b, &info);
		t->lists[t->nlists++] = node;
		if (i + 1 < l->nlines)
			t->may_inline[node] = true;
	}
}

void frames_create(struct graph *g)
{
	const struct profile *p = g->profile;
	size_t max_infos = 0, max_lists = 0;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		uint32_t n = p->locations[i].nlines;
		max_infos += n ? n : 1;
		max_lists += n > 1 ? n + 1 : 0;
	}
	struct frame_table *t = g->frames = arena_new(&g->arena, struct frame_table);
	t->codes = arena_array(&g->arena, uint32_t, p->nlocations);
	t->lists = arena_array(&g->arena, uint32_t, max_lists);
	t->may_inline = arena_array(&g->arena, bool, max_infos);
	g->infos = arena_array(&g->arena, struct node_info, max_infos);

	struct arena scratch = {0};
	struct builder b = {.g = g, .mask = 1023};
	while (b.mask < max_infos * 2)
		b.mask = b.mask * 2 + 1;
	b.slots = arena_array(&scratch, uint32_t, (size_t)b.mask + 1);
	b.clean_files = arena_array(&scratch, strid, p->nfunctions);
	for (uint32_t i = 0; i < p->nfunctions; i++)
		b.clean_files[i] = NO_INDEX;
	for (uint32_t i = 0; i < p->nlocations; i++)
		add_location(&b, i);
	arena_deinit(&scratch);
	g->info_names = arena_array(&g->arena, struct str, g->ninfos);
}

// A code that has the same effect on a walk as a whole list, so that the walk need not look at it: where
// none of its nodes is linked, only the innermost can matter.
static uint32_t code_of_list(uint32_t code, const uint32_t *list)
{
	bool any_node = false;
	for (uint32_t i = 1; i <= list[0]; i++) {
		if (!(list[i] & FRAMES_UNLINKED))
			return code;
		any_node |= list[i] != (FRAMES_NONE | FRAMES_UNLINKED);
	}
	bool is_innermost = list[1] != (FRAMES_NONE | FRAMES_UNLINKED);
	return is_innermost || !any_node ? list[1] : code;
}

struct frame_table frames_to_link(const struct graph *g, struct arena *a, bool only_selected,
		bool only_inlined)
{
	const struct frame_table *all = g->frames;
	uint32_t nlocations = g->profile->nlocations;
	struct frame_table t = *all;
	uint32_t *nodes = arena_array(a, uint32_t, g->nnodes);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		nodes[i] = only_selected && !g->is_selected[i] ? FRAMES_NONE : i;
		if (nodes[i] == FRAMES_NONE || (only_inlined && !all->may_inline[i]))
			nodes[i] |= FRAMES_UNLINKED;
	}
	t.codes = arena_array(a, uint32_t, nlocations);
	t.lists = arena_array(a, uint32_t, all->nlists);
	for (uint32_t i = 0; i < all->nlists;) {
		uint32_t n = t.lists[i] = all->lists[i];
		for (uint32_t k = i + 1; k <= i + n; k++)
			t.lists[k] = nodes[all->lists[k]];
		i += n + 1;
	}
	for (uint32_t i = 0; i < nlocations; i++) {
		uint32_t code = all->codes[i];
		t.codes[i] = code & FRAMES_SEVERAL ?
				code_of_list(code, t.lists + (code & ~FRAMES_SEVERAL)) : nodes[code];
	}
	return t;
}
