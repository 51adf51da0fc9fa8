// SPDX-License-Identifier: MIT
// Makes graphs, names their nodes and indexes their edges. See graph.h.
#include "tool/graph/graph.h"

#include <stdlib.h>

#include "base/path.h"
#include "tool/graph/frames.h"
#include "tool/graph/known_places.h"
#include "tool/graph/pass_cache.h"
#include "tool/graph/passes.h"
#include "tool/profile/hide.h"

struct graph *graph_with_frames(struct profile *p, const struct graph_options *options)
{
	struct graph *g = calloc(1, sizeof(*g));
	if (!g)
		arena_array_bytes(SIZE_MAX, sizeof(*g)); // ends the process, as all of tool/ does
	g->profile = p;
	g->options = *options;
	const struct graph *known = options->named ? NULL : known_names(p, options->obj_names);
	if (known) {
		g->frames = known->frames;
		g->infos = known->infos;
		g->ninfos = known->ninfos;
		g->shares_infos = true;
	} else {
		frames_create(g);
	}
	g->info_names = arena_array(&g->arena, struct str, g->ninfos);
	return g;
}

struct graph *graph_of_frames(struct profile *p)
{
	struct graph *g = graph_with_frames(p, &(struct graph_options){0});
	nodes_of_infos(g);
	return g;
}

const uint32_t *graph_location_nodes(const struct graph *g, uint32_t location, uint32_t *n_out)
{
	return frames_nodes(g->frames, location, n_out);
}

const bool *graph_may_inline(const struct graph *g)
{
	return g->frames->may_inline;
}

// A graph of a profile from which there is something to be taken out still. NULL: it has to be, first.
static struct graph *create_hiding(struct profile *p, const struct graph_options *options)
{
	if (options->call_tree || options->named || (options->with_tags && p->hidden->root_lines))
		return NULL;
	struct graph *g = graph_with_frames(p, options);
	if (frames_hide(g) && pass_cache_stacks(g) && tally_nodes(g))
		return g;
	graph_destroy(g);
	return NULL;
}

struct graph *graph_create(struct profile *p, const struct graph_options *options)
{
	struct graph *g = p->hidden ? create_hiding(p, options) : NULL;
	if (!g) {
		profile_hide(p);
		g = graph_with_frames(p, options);
		if (options->call_tree)
			calltree_build(g);
		else
			tally_nodes(g);
	}
	select_nodes(g);
	return g;
}

void graph_destroy(struct graph *g)
{
	if (!g)
		return;
	calltree_free(g);
	arena_deinit(&g->arena);
	if (!g->shares_infos)
		free(g->infos);
	free(g);
}

static void put_part(struct buf *out, size_t start, const char *separator)
{
	if (out->len > start)
		buf_cstr(out, separator);
}

// As "%016x" does; who asks for these names asks for a hundred thousand.
static void put_address(uint64_t address, struct buf *out)
{
	char digits[16];
	for (size_t i = sizeof(digits); i-- > 0; address >>= 4)
		digits[i] = "0123456789abcdef"[address & 15];
	buf_append(out, digits, sizeof(digits));
}

void node_info_print(const struct graph *g, const struct node_info *info, struct str name,
		struct str file, const char *separator, struct buf *out)
{
	size_t start = out->len;
	if (info->address)
		put_address(info->address, out);
	if (name.len) {
		put_part(out, start, separator);
		buf_str(out, name);
	}
	if (info->line) {
		put_part(out, start, separator);
		buf_str(out, file);
		buf_byte(out, ':');
		buf_i64(out, info->line);
		if (info->column) {
			buf_byte(out, ':');
			buf_i64(out, info->column);
		}
	} else if (file.len) {
		put_part(out, start, separator);
		buf_str(out, file);
	} else if (!name.len) {
		put_part(out, start, separator);
		struct str objfile = profile_str(g->profile, info->objfile);
		if (objfile.len)
			buf_printf(out, "[%.*s]", STR_FMT(path_base(objfile)));
		else
			buf_cstr(out, "<unknown>");
	}
}

struct str graph_node_name(struct graph *g, uint32_t node)
{
	uint32_t at = g->nodes[node].info;
	if (!g->info_names[at].ptr) {
		const struct node_info *info = &g->infos[at];
		struct str name = profile_str(g->profile, info->name);
		if (name.len && !info->address && !info->line && !info->file) {
			g->info_names[at] = name; // what most names are, without a copy
			return name;
		}
		struct buf b = {0};
		node_info_print(g, info, name, profile_str(g->profile, info->file), " ", &b);
		g->info_names[at] = (struct str){arena_strndup(&g->arena, b.ptr, b.len), b.len};
		buf_deinit(&b);
	}
	return g->info_names[at];
}

// Counting sort of edge indexes by one end.
static void index_by(struct graph *g, bool by_dst, uint32_t **begin_out, uint32_t **list_out)
{
	uint32_t *begin = arena_array(&g->arena, uint32_t, (size_t)g->nnodes + 2);
	uint32_t n = 0;
	for (uint32_t i = 0; i < g->nedges; i++) {
		if (g->edges[i].removed)
			continue;
		begin[(by_dst ? g->edges[i].dst : g->edges[i].src) + 2]++;
		n++;
	}
	for (uint32_t i = 2; i < g->nnodes + 2; i++)
		begin[i] += begin[i - 1];
	uint32_t *list = arena_array(&g->arena, uint32_t, n);
	for (uint32_t i = 0; i < g->nedges; i++)
		if (!g->edges[i].removed)
			list[begin[(by_dst ? g->edges[i].dst : g->edges[i].src) + 1]++] = i;
	*begin_out = begin;
	*list_out = list;
}

void graph_index_edges(struct graph *g)
{
	index_by(g, true, &g->in_begin, &g->in);
	index_by(g, false, &g->out_begin, &g->out);
}
