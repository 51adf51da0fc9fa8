// SPDX-License-Identifier: MIT
// Which nodes are hidden, and at which stacks begin, where a profile has this still to be taken out of its stacks
// (hide.h).
#include "tool/graph/frames.h"
#include "tool/profile/hide.h"

// The old table may be another's.
static void own_frames(struct graph *g, bool *may_inline)
{
	struct frame_table *t = arena_new(&g->arena, struct frame_table);
	*t = *g->frames;
	t->may_inline = may_inline;
	g->frames = t;
}

// Of a location's lines those that are left of a root: the outermost is it, and is not inlined any more. False where a
// node is such a line in some places, and in others no part of a root, or cut off it.
static bool find_roots(struct graph *g)
{
	const uint32_t *root_lines = g->profile->hidden->root_lines;
	uint8_t *is_root = arena_array(&g->arena, uint8_t, g->ninfos);
	bool *may_inline = arena_array(&g->arena, bool, g->ninfos);
	for (uint32_t i = 0, n; i < g->profile->nlocations; i++) {
		const uint32_t *nodes = frames_nodes(g->frames, i, &n);
		if (root_lines[i])
			is_root[nodes[root_lines[i] - 1]] = true;
		for (uint32_t k = 0; k + 1 < (root_lines[i] ? root_lines[i] : n); k++)
			may_inline[nodes[k]] = true;
	}
	for (uint32_t i = 0, n; i < g->profile->nlocations; i++) {
		const uint32_t *nodes = frames_nodes(g->frames, i, &n);
		for (uint32_t k = root_lines[i]; k < n; k++)
			if (is_root[nodes[k]])
				return false;
	}
	g->is_root = is_root;
	g->may_be_cut = g->profile->hidden->has_lines;
	own_frames(g, may_inline);
	return true;
}

enum { IS_SHOWN = 1, IS_HIDDEN = 2 };

static void hide_nodes(const struct graph *g, uint32_t location, uint8_t *seen, bool *may_inline)
{
	const struct hidden_places *h = g->profile->hidden;
	const struct location *l = &g->profile->locations[location];
	uint32_t n;
	const uint32_t *nodes = frames_nodes(g->frames, location, &n);
	bool is_inlined = false;
	for (uint32_t i = n; i-- > 0;) {
		bool is_hidden = h->locations[location] || (l->nlines && h->lines[l->line_begin + i]);
		seen[nodes[i]] |= is_hidden ? IS_HIDDEN : IS_SHOWN;
		may_inline[nodes[i]] |= is_inlined && !is_hidden;
		is_inlined |= !is_hidden;
	}
}

bool frames_hide(struct graph *g)
{
	if (g->profile->hidden->root_lines)
		return find_roots(g);
	uint8_t *seen = arena_array(&g->arena, uint8_t, g->ninfos);
	bool *is_hidden = arena_array(&g->arena, bool, g->ninfos);
	bool *may_inline = arena_array(&g->arena, bool, g->ninfos);
	for (uint32_t i = 0; i < g->profile->nlocations; i++)
		hide_nodes(g, i, seen, may_inline);
	for (uint32_t i = 0; i < g->ninfos; i++) {
		is_hidden[i] = seen[i] & IS_HIDDEN;
		if (is_hidden[i] && seen[i] & IS_SHOWN)
			return false;
	}
	own_frames(g, may_inline);
	g->is_hidden = is_hidden;
	return true;
}
