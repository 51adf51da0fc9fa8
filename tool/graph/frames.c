// SPDX-License-Identifier: MIT
// Gives every distinct place of a profile's lines its index. See frames.h.
#include "tool/graph/frames.h"

#include "base/hashindex.h"
#include "base/mem.h"
#include "base/path.h"

struct builder {
	struct graph *g;
	struct hash_index index; // of infos
	uint32_t infos_cap;
	strid *clean_files; // [nfunctions]; NO_INDEX until cleaned
	uint32_t *nodes;    // [nfunctions]; of a line that says no more than its function; NO_INDEX until asked for
	const bool *is_named; // [nfunctions + 1], a line without a function last; NULL: all nodes are wanted
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
	uint64_t hash = info_hash(info);
	struct hash_probe probe = hash_index_probe(&b->index, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (info_eq(&g->infos[i], info))
			return i;
	g->infos = mem_grow(g->infos, &b->infos_cap, g->ninfos + 1, sizeof(*info));
	g->infos[g->ninfos] = *info;
	hash_index_add(&b->index, hash, g->ninfos);
	return g->ninfos++;
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

static uint32_t node_of_line(struct builder *b, const struct location *l, const struct line *line)
{
	// What most lines are, once they are aggregated by function.
	bool has_function = line && line->function != NO_INDEX;
	if (b->is_named && !b->is_named[has_function ? line->function : b->g->profile->nfunctions])
		return FRAMES_NONE;
	bool is_plain = has_function && !l->address && !line->line && !line->column &&
			!b->g->options.obj_names;
	if (is_plain && b->nodes[line->function] != NO_INDEX)
		return b->nodes[line->function];
	struct node_info info = line_info(b, l, line);
	uint32_t node = find_or_add(b, &info);
	if (is_plain && info.name)
		b->nodes[line->function] = node;
	return node;
}

static void add_location(struct builder *b, uint32_t loc)
{
	struct graph *g = b->g;
	struct frame_table *t = g->frames;
	const struct location *l = &g->profile->locations[loc];
	const struct line *lines = g->profile->lines + l->line_begin;

	if (l->nlines <= 1) {
		t->codes[loc] = node_of_line(b, l, l->nlines ? lines : NULL);
		if (t->has_node)
			t->has_node[loc] = t->codes[loc] != FRAMES_NONE;
		return;
	}
	t->codes[loc] = FRAMES_SEVERAL | t->nlists;
	t->lists[t->nlists++] = l->nlines;
	for (uint32_t i = 0; i < l->nlines; i++) {
		uint32_t node = node_of_line(b, l, &lines[i]);
		t->lists[t->nlists++] = node;
		if (node == FRAMES_NONE)
			continue;
		if (t->has_node)
			t->has_node[loc] = true;
		if (i + 1 < l->nlines)
			t->may_inline[node] = true;
	}
}

static const bool *find_named(const struct profile *p, const struct regex *named, struct arena *a)
{
	bool *is_named = arena_array(a, bool, (size_t)p->nfunctions + 1);
	for (uint32_t i = 0; i < p->nfunctions; i++)
		is_named[i] = regex_match(named, profile_str(p, p->functions[i].name));
	is_named[p->nfunctions] = regex_match(named, STR(""));
	return is_named;
}

void frames_create(struct graph *g)
{
	const struct profile *p = g->profile;
	size_t max_infos = 0, max_lists = 0;
	bool has_addresses = false;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		uint32_t n = p->locations[i].nlines;
		max_infos += n ? n : 1;
		max_lists += n > 1 ? n + 1 : 0;
		has_addresses |= p->locations[i].address != 0;
	}
	struct frame_table *t = g->frames = arena_new(&g->arena, struct frame_table);
	t->codes = arena_array(&g->arena, uint32_t, p->nlocations);
	t->lists = arena_array(&g->arena, uint32_t, max_lists);
	t->may_inline = arena_array(&g->arena, bool, max_infos);

	struct arena scratch = {0};
	struct builder b = {.g = g, .clean_files = arena_array(&scratch, strid, p->nfunctions),
			.nodes = arena_array(&scratch, uint32_t, p->nfunctions)};
	for (uint32_t i = 0; i < p->nfunctions; i++)
		b.clean_files[i] = b.nodes[i] = NO_INDEX;
	if (has_addresses && !g->options.named) { // then hardly a line shares its node
		g->infos = mem_grow(NULL, &b.infos_cap, (uint32_t)max_infos, sizeof(*g->infos));
		hash_index_reserve(&b.index, (uint32_t)max_infos);
	}
	if (g->options.named) {
		b.is_named = find_named(p, g->options.named, &scratch);
		t->has_node = arena_array(&g->arena, uint8_t, p->nlocations);
	}
	for (uint32_t i = 0; i < p->nlocations; i++)
		add_location(&b, i);
	hash_index_deinit(&b.index);
	arena_deinit(&scratch);
}

bool frames_find(const struct frame_table *f, uint32_t nlocations, const uint8_t *flags, uint8_t flag, uint32_t nnodes,
		uint8_t *nodes_out)
{
	uint32_t n;
	memset(nodes_out, true, nnodes);
	for (uint32_t i = 0; i < nlocations; i++) {
		const uint32_t *nodes = frames_nodes(f, i, &n);
		for (uint32_t k = 0; k < n && !(flags[i] & flag); k++)
			nodes_out[nodes[k]] = false;
	}
	for (uint32_t i = 0; i < nlocations; i++) {
		const uint32_t *nodes = frames_nodes(f, i, &n);
		bool has = !(flags[i] & flag);
		for (uint32_t k = 0; k < n && !has; k++)
			has = nodes_out[nodes[k]];
		if (!has)
			return false;
	}
	return true;
}

static uint8_t role_of(uint32_t node)
{
	return node == FRAMES_NONE ? 0 : node & FRAMES_WANTED ? ROLE_STAYS | ROLE_WANTED : ROLE_STAYS;
}

struct frame_table frames_to_link(const struct graph *g, struct arena *a, bool only_selected, const bool *wanted)
{
	const struct frame_table *all = g->frames;
	uint32_t nlocations = g->profile->nlocations;
	struct frame_table t = *all;
	uint32_t *nodes = arena_array(a, uint32_t, g->nnodes); // as codes and lists have them
	t.node_roles = arena_array(a, uint8_t, g->nnodes);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		bool is_hidden = g->is_hidden && g->is_hidden[i];
		bool stays = !is_hidden && (!only_selected || g->is_selected[i]);
		nodes[i] = !stays ? FRAMES_NONE : !wanted || wanted[i] ? i | FRAMES_WANTED : i;
		t.node_roles[i] = is_hidden ? ROLE_HIDDEN : role_of(nodes[i]);
		t.node_roles[i] |= g->is_root && g->is_root[i] ? ROLE_ROOT : 0;
	}
	t.codes = arena_array(a, uint32_t, nlocations);
	t.lists = arena_array(a, uint32_t, all->nlists);
	t.roles = arena_array(a, uint8_t, nlocations);
	for (uint32_t i = 0; i < nlocations; i++) {
		uint32_t code = t.codes[i] = all->codes[i];
		if (!(code & FRAMES_SEVERAL)) {
			t.codes[i] = nodes[code];
			t.roles[i] = role_of(nodes[code]);
			continue;
		}
		const uint32_t *from = all->lists + (code & ~FRAMES_SEVERAL);
		uint32_t *to = t.lists + (code & ~FRAMES_SEVERAL);
		to[0] = from[0];
		for (uint32_t k = 1; k <= from[0]; k++) {
			to[k] = nodes[from[k]];
			t.roles[i] |= role_of(to[k]);
		}
	}
	return t;
}
