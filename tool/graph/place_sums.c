// SPDX-License-Identifier: MIT
// See place_sums.h. The pass knows nothing of names, so that of all samples it can be made before anybody asks for one.
#include "tool/graph/place_sums.h"

#include <string.h>

#include "base/cancel.h"
#include "tool/graph/pass_cache.h"
#include "tool/profile/parallel.h"

struct summing {
	const struct profile *profile;
	uint32_t value_index;
	bool mean;
	int64_t *flats, *cums; // [nlocations]
	uint32_t *orders; // [nlocations]; 0: no sample has it
	uint32_t nmet;
};

static void sum_range(void *state, struct sample_range range)
{
	struct summing *s = state;
	for (uint32_t i = range.begin; i < range.end && !cancelled(); i++) {
		const int64_t *values = profile_values(s->profile, i);
		int64_t value = mean_value(values[s->value_index], s->mean ? values[0] : 0);
		struct stack stack = profile_stack(s->profile, i);
		for (uint32_t k = stack.n; k-- > 0;) { // from the root, as they are told apart by when they appear
			uint32_t location = stack_loc(stack, k);
			s->cums[location] = wrap_add(s->cums[location], value);
			if (!s->orders[location])
				s->orders[location] = ++s->nmet;
		}
		if (stack.n) {
			uint32_t leaf = stack_loc(stack, 0);
			s->flats[leaf] = wrap_add(s->flats[leaf], value);
		}
	}
}

// Ranges follow each other as samples do, so what the first has met comes first.
static struct place_sum *join(const struct summing *sums, uint32_t n, struct arena *a, uint32_t *nplaces_out)
{
	uint32_t nlocations = sums->profile->nlocations, nplaces = 0, nmet = 0;
	struct place_sum *places = arena_array(a, struct place_sum, nlocations);
	for (uint32_t i = 0; i < nlocations; i++)
		places[i].location = i;
	for (uint32_t k = 0; k < n; k++) {
		for (uint32_t i = 0; i < nlocations; i++) {
			struct place_sum *p = &places[i];
			p->flat = wrap_add(p->flat, sums[k].flats[i]);
			p->cum = wrap_add(p->cum, sums[k].cums[i]);
			if (!p->order && sums[k].orders[i])
				p->order = nmet + sums[k].orders[i];
		}
		nmet += sums[k].nmet;
	}
	for (uint32_t i = 0; i < nlocations; i++)
		if (places[i].order)
			places[nplaces++] = places[i];
	*nplaces_out = nplaces;
	return places;
}

static struct place_sum *sum_places(const struct profile *p, uint32_t value_index, bool mean, struct arena *a,
		uint32_t *nplaces_out)
{
	struct sample_range ranges[PARALLEL_MAX];
	struct summing sums[PARALLEL_MAX];
	struct arena scratch = {0};
	uint32_t n = parallel_ranges(p, ranges);
	for (uint32_t i = 0; i < n; i++)
		sums[i] = (struct summing){p, value_index, mean, arena_array(&scratch, int64_t, p->nlocations),
				arena_array(&scratch, int64_t, p->nlocations),
				arena_array(&scratch, uint32_t, p->nlocations), 0};
	parallel_run(ranges, n, sums, sizeof(sums[0]), sum_range);
	struct place_sum *places = join(sums, n, a, nplaces_out);
	arena_deinit(&scratch);
	return places;
}

struct place_sum *graph_sum_places(struct profile *p, uint32_t value_index, bool mean, struct arena *a,
		uint32_t *n_out)
{
	const struct graph g = {.profile = p, .options = {.value_index = value_index, .mean = mean}};
	struct pass_key key = {PASS_PLACES, &g, NULL};
	size_t bytes;
	const struct place_sum *known = pass_cache_find(&key, &bytes);
	struct place_sum *places;
	if (known) {
		*n_out = (uint32_t)(bytes / sizeof(*known));
		places = arena_array(a, struct place_sum, *n_out);
		memcpy(places, known, bytes);
	} else {
		places = sum_places(p, value_index, mean, a, n_out);
		pass_cache_keep(&key, places, *n_out * sizeof(*places));
	}
	return places;
}
