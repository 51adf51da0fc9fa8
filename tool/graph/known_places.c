// SPDX-License-Identifier: MIT
// See known_places.h.
#include "tool/graph/known_places.h"

#include "tool/graph/pass_cache.h"
#include "tool/graph/passes.h"
#include "tool/profile/hide.h"

void known_places_free(struct known_places *known)
{
	for (unsigned i = 0; i < KNOWN_GRANULARITIES; i++) {
		struct known_place_table *t = &known->tables[i];
		graph_destroy(t->names[0]);
		graph_destroy(t->names[1]);
		profile_destroy(t->view);
	}
}

static struct known_places *places_of(const struct profile *p)
{
	return p->pass_cache && p->borrowed & PROFILE_PLACES ? pass_cache_places(p->pass_cache) : NULL;
}

static bool is_equal(struct aggregate_keep a, struct aggregate_keep b)
{
	return a.inline_frames == b.inline_frames && a.function == b.function && a.filename == b.filename &&
			a.line == b.line && a.column == b.column && a.address == b.address;
}

void graph_aggregate(struct profile *p, struct aggregate_keep keep)
{
	// Of no inlined lines the outermost stay that are left.
	if (!keep.inline_frames)
		profile_hide(p);
	// Those by addresses are as large as the profile's own, and asked for least.
	struct known_places *known = keep.address ? NULL : places_of(p);
	for (unsigned i = 0; known && i < KNOWN_GRANULARITIES; i++) {
		struct known_place_table *t = &known->tables[i];
		if (!t->view) {
			t->keep = keep;
			t->view = profile_view(known->base);
			profile_aggregate(t->view, keep);
		}
		if (is_equal(t->keep, keep)) {
			profile_borrow_places(p, t->view);
			return;
		}
	}
	profile_aggregate(p, keep);
}

const struct graph *known_names(const struct profile *p, bool obj_names)
{
	struct known_places *known = places_of(p);
	for (unsigned i = 0; known && i < KNOWN_GRANULARITIES; i++) {
		struct known_place_table *t = &known->tables[i];
		if (!t->view || t->view->locations != p->locations)
			continue;
		if (!t->names[obj_names])
			t->names[obj_names] = graph_with_frames(t->view,
					&(struct graph_options){.obj_names = obj_names});
		// Strings that were added are the known view's alone.
		return t->view->borrowed & PROFILE_STRINGS ? t->names[obj_names] : NULL;
	}
	return NULL;
}
