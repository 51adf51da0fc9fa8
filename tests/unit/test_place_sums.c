// SPDX-License-Identifier: MIT
// The sums of locations: as counted one by one, whatever threads did so, and found again.
#include "tool/graph/place_sums.h"

#include "tool/graph/pass_cache.h"

#include "letter_profile.h"

enum { PLACES = 6, SAMPLES = 90000, DEPTH = 7 }; // so many that they are worth two threads

static void add_samples(void)
{
	struct value_type types[2] = {{0}};
	uint32_t places[PLACES], seed = 3;
	profile_set_sample_types(p, types, 2);
	for (uint32_t i = 0; i < PLACES; i++)
		places[i] = location_of(&"abcdef"[i], 1);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint32_t locs[DEPTH];
		for (uint32_t k = 0; k < DEPTH; k++) {
			seed = seed * 1664525 + 1013904223;
			// The last two are met late: one of them never.
			locs[k] = places[(seed >> 24) % (i < SAMPLES / 3 * 2 ? 4 : 5)];
		}
		profile_add_sample(p, locs, i % (DEPTH + 1), (int64_t[]){i % 3, (int64_t)(seed >> 20 & 7) - 3}, 0);
	}
}

static void check_sums(struct profile *of, bool mean)
{
	struct place_sum expected[PLACES] = {{0}};
	struct arena a = {0};
	uint32_t n, nmet = 0;
	for (uint32_t i = 0; i < p->nsamples; i++) {
		const int64_t *values = profile_values(p, i);
		struct stack stack = profile_stack(p, i);
		int64_t value = mean_value(values[1], mean ? values[0] : 0);
		for (uint32_t k = 0; k < stack.n; k++) {
			struct place_sum *e = &expected[stack_loc(stack, k)];
			e->cum += value;
			e->flat += k ? 0 : value;
			e->order = e->order ? e->order : ++nmet;
		}
	}
	const struct place_sum *sums = graph_sum_places(of, 1, mean, &a, &n);
	ck_assert_uint_eq(n, PLACES - 1);
	for (uint32_t i = 0; i < n; i++) {
		const struct place_sum *e = &expected[sums[i].location];
		ck_assert_uint_eq(sums[i].location, i);
		ck_assert_int_eq(sums[i].flat, e->flat);
		ck_assert_int_eq(sums[i].cum, e->cum);
		ck_assert_uint_eq(sums[i].order, e->order);
	}
	arena_deinit(&a);
}

START_TEST(every_passage_counts)
{
	begin_profile();
	add_samples();
	for (int mean = 0; mean < 2; mean++)
		check_sums(p, mean);
	profile_destroy(p);
}
END_TEST

static int64_t cum_in(struct profile *view, uint32_t location)
{
	struct arena a = {0};
	uint32_t n;
	int64_t cum = graph_sum_places(view, 1, false, &a, &n)[location].cum;
	arena_deinit(&a);
	return cum;
}

START_TEST(sums_are_known_to_later_views)
{
	begin_profile();
	add_samples();
	struct pass_cache *cache = p->pass_cache = pass_cache_create(p);
	struct profile *views[] = {profile_view(p), profile_view(p), profile_view(p)};
	uint32_t location = stack_loc(profile_stack(p, 1), 0);
	int64_t cum = cum_in(views[0], location);
	// No base ever changes, but so it shows who looks.
	p->values[3]++;
	ck_assert_int_eq(cum_in(views[1], location), cum);
	profile_own(views[2], PROFILE_SAMPLES);
	ck_assert_int_eq(cum_in(views[2], location), cum + 1);
	for (int i = 0; i < 3; i++)
		profile_destroy(views[i]);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

UNIT_MAIN("place sums", every_passage_counts, sums_are_known_to_later_views)
