// SPDX-License-Identifier: MIT
// What is kept between graphs of one profile, and made ahead in a thread: as found anew, and out of the way of reports.
#include "tool/graph/pass_cache.h"

#include <sched.h>
#include <stdlib.h>

#include "base/cancel.h"
#include "tool/graph/node_stacks.h"
#include "tool/profile/filter.h"

#include "random_stacks.h"

// What a view's function a has, where filters called `selection` left it a sample more than its base.
static int64_t cum_of_view(const char *selection, int64_t value)
{
	struct profile *view = profile_view(p);
	profile_add_sample(view, profile_stack(p, 0).locs, profile_stack(p, 0).n, &value, 0);
	view->selection = selection;
	struct graph *g = graph_create(view, &(struct graph_options){0});
	int64_t cum = g->nodes[node_named(g, 'a')].cum;
	graph_destroy(g);
	profile_destroy(view);
	return cum;
}

START_TEST(views_share_places_until_they_change_them)
{
	begin_profile();
	add_sample("a;bc", 5);
	struct arena a = {0};
	struct regex *hide = NULL;
	ck_assert_ptr_null(regex_compile(&a, STR("b"), &hide));
	struct pass_cache *cache = p->pass_cache = pass_cache_create(p);
	struct profile *views[] = {profile_view(p), profile_view(p), profile_view(p)};
	profile_filter_names(views[1], &(struct name_filter){.hide = hide});
	for (int i = 0; i < 3; i++) {
		graph_aggregate(views[i], (struct aggregate_keep){.function = true, .inline_frames = true});
		struct graph *g = graph_create(views[i], &(struct graph_options){0});
		ck_assert_int_eq(g->nodes[node_named(g, 'a')].cum, 5);
		ck_assert_int_eq(node_named(g, 'b') == NO_INDEX, i == 1);
		graph_destroy(g);
	}
	ck_assert_ptr_eq(views[0]->locations, views[2]->locations);
	ck_assert_ptr_ne(views[0]->locations, views[1]->locations);
	ck_assert_ptr_ne(views[0]->locations, p->locations);
	for (int i = 0; i < 3; i++)
		profile_destroy(views[i]);
	pass_cache_destroy(cache);
	regex_free(hide);
	arena_deinit(&a);
	profile_destroy(p);
}
END_TEST

START_TEST(remembers_passes_over_the_same_samples)
{
	begin_profile();
	add_sample("a;b", 5);
	struct pass_cache *cache = p->pass_cache = pass_cache_create(p);
	ck_assert_int_eq(cum_of_view("few", 1), 6);
	ck_assert_int_eq(cum_of_view("many", 2), 7);
	ck_assert_int_eq(cum_of_view(NULL, 3), 8);
	// Nobody calls other samples the same, but so it shows who looks.
	ck_assert_int_eq(cum_of_view("few", 4), 6);
	ck_assert_int_eq(cum_of_view("many", 4), 7);
	ck_assert_int_eq(cum_of_view(NULL, 4), 9);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

static struct regex *with, *rare, *without;

enum { LEFT_OUT = 0x3f, INLINED = 0x40, ONLY_TO = 0x80 }; // nodes; which edges are wanted

static struct graph *linked_graph(struct pass_cache *cache, bool mean, uint32_t link_case, const struct regex *focus)
{
	p->pass_cache = cache;
	struct profile *view = profile_view(p);
	const struct regex *ignore = focus ? without : NULL;
	sample_finder *find = graph_find_samples;
	profile_filter_names(view, &(struct name_filter){.focus = focus, .ignore = mean ? ignore : NULL, .find = find});
	profile_filter_names(view, &(struct name_filter){.ignore = ignore, .find = find});
	struct graph *g = graph_create(view, &(struct graph_options){.value_index = 1, .mean = mean});
	for (uint32_t i = 0; i < g->nnodes; i++)
		g->is_selected[i] = !(link_case >> i & 1);
	struct edge_wish wish = {graph_may_inline(g), link_case & ONLY_TO};
	graph_link(g, link_case & LEFT_OUT, link_case & INLINED ? &wish : NULL);
	p->pass_cache = NULL;
	profile_destroy(view);
	return g;
}

static void check_linked_alike(struct pass_cache *cache, bool mean, uint32_t link_case, const struct regex *focus)
{
	struct graph *expected = linked_graph(NULL, mean, link_case, focus);
	struct graph *got = linked_graph(cache, mean, link_case, focus);
	check_same(got, expected);
	graph_destroy(got);
	graph_destroy(expected);
}

START_TEST(stacks_kept_as_nodes_say_the_same)
{
	begin_profile();
	add_random_samples(20000);
	struct arena a = {0};
	ck_assert_ptr_null(regex_compile(&a, STR("[ab]"), &with));
	ck_assert_ptr_null(regex_compile(&a, STR("e"), &rare));
	ck_assert_ptr_null(regex_compile(&a, STR("f"), &without));
	struct pass_cache *cache = cache_with_stacks();
	for (uint32_t i = 0; i < 68; i++) {
		for (int mean = 0; mean < 2; mean++) {
			// None; a few samples; most.
			const struct regex *focus = i >= 64 || i % 3 == 0 ? NULL : i % 3 == 1 ? rare : with;
			uint32_t link_case = i >= 64 ? (i - 64) << 6 : i | (i & 12) << 4;
			check_linked_alike(cache, mean, link_case, focus);
		}
	}
	regex_free(with);
	regex_free(rare);
	regex_free(without);
	arena_deinit(&a);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

// And one whose h is never called but inlined.
START_TEST(edges_of_heavy_stacks_wrap_alike)
{
	begin_profile();
	add_random_samples(200);
	for (uint32_t i = 0; i < p->nsamples; i++)
		p->values[i * 2 + 1] = i % 3 ? INT64_MAX - i : INT64_MIN + i;
	uint32_t inlined = location_of("gh", 2);
	profile_add_sample(p, &inlined, 1, (int64_t[]){1, INT64_C(1) << 40}, 0);
	for (int is_heavy = 1; is_heavy >= 0; is_heavy--) {
		struct pass_cache *cache = cache_with_stacks();
		for (uint32_t i = 0; i < 64; i++)
			check_linked_alike(cache, false, i, NULL);
		pass_cache_destroy(cache);
		for (uint32_t i = 0; i < p->nsamples; i++)
			p->values[i * 2 + 1] >>= 32;
	}
	profile_destroy(p);
}
END_TEST

START_TEST(show_from_cuts_stacks_found_among_the_known_ones_alike)
{
	begin_profile();
	add_random_samples(4000);
	struct pass_cache *cache = cache_with_stacks();
	static const char *const patterns[] = {"e", "[ab]", "nothing"};
	for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct arena a = {0};
		struct regex *from;
		ck_assert_ptr_null(regex_compile(&a, str_from(patterns[i]), &from));
		struct profile *expected = profile_view(p), *got = profile_view(p);
		got->pass_cache = cache;
		ck_assert_int_eq(profile_show_from(expected, from, NULL, false), i < 2);
		ck_assert_int_eq(profile_show_from(got, from, graph_find_samples, false), i < 2);
		ck_assert_uint_eq(got->nsamples, expected->nsamples);
		ck_assert_uint_lt(got->nsamples, p->nsamples);
		for (uint32_t k = 0; k < got->nsamples; k++) {
			ck_assert_uint_eq(got->loc_begin[k], expected->loc_begin[k]);
			ck_assert_uint_eq(got->loc_end[k], expected->loc_end[k]);
			ck_assert_int_eq(profile_values(got, k)[1], profile_values(expected, k)[1]);
		}
		profile_destroy(got);
		profile_destroy(expected);
		regex_free(from);
		arena_deinit(&a);
	}
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

struct guesser {
	struct pass_cache *cache;
	atomic_bool has_begun, has_ended;
};

static void guess_until_cancelled(void *arg)
{
	struct guesser *g = arg;
	atomic_store(&g->has_begun, true);
	while (!cancelled())
		sched_yield();
	atomic_store(&g->has_ended, true);
}

static void begin_guess(struct guesser *g)
{
	atomic_store(&g->has_begun, false);
	atomic_store(&g->has_ended, false);
	pass_cache_prepare(g->cache, guess_until_cancelled, g);
	while (!atomic_load(&g->has_begun)) // behind the stacks, where these are due
		sched_yield();
}

START_TEST(a_guess_gives_way_to_reports_and_to_the_end)
{
	begin_profile();
	add_random_samples(20000);
	struct guesser g = {.cache = pass_cache_create(p)};
	struct graph *expected = linked_graph(NULL, false, 5, NULL);
	for (int i = 0; i < 3; i++) {
		struct graph *got = linked_graph(g.cache, false, 5, NULL);
		check_same(got, expected);
		graph_destroy(got);
		begin_guess(&g);
		pass_cache_pause(g.cache);
		ck_assert(atomic_load(&g.has_ended));
		ck_assert(!cancelled());
	}
	graph_destroy(expected);
	begin_guess(&g);
	pass_cache_destroy(g.cache);
	ck_assert(atomic_load(&g.has_ended));
	ck_assert(!cancelled());
	profile_destroy(p);
}
END_TEST

// Between the stacks' making and a report there may be no time to guess: none begins behind pass_cache_pause().
START_TEST(no_guess_begins_in_a_report)
{
	begin_profile();
	add_random_samples(2000);
	for (int i = 0; i < 20; i++) {
		struct guesser g = {.cache = pass_cache_create(p)};
		graph_destroy(linked_graph(g.cache, false, 0, NULL));
		pass_cache_prepare(g.cache, guess_until_cancelled, &g);
		for (int k = 0; k < i * 40; k++)
			sched_yield();
		pass_cache_pause(g.cache);
		ck_assert_int_eq(atomic_load(&g.has_begun), atomic_load(&g.has_ended));
		bool had_begun = atomic_load(&g.has_begun);
		graph_destroy(linked_graph(g.cache, false, 5, NULL));
		ck_assert_int_eq(atomic_load(&g.has_begun), had_begun);
		pass_cache_destroy(g.cache);
	}
	profile_destroy(p);
}
END_TEST

static void guess_edges(void *arg)
{
	struct guesser *g = arg;
	graph_destroy(linked_graph(g->cache, false, 5, NULL));
	atomic_store(&g->has_ended, true);
}

START_TEST(what_a_guess_found_is_as_found_by_a_report)
{
	begin_profile();
	add_random_samples(20000);
	struct guesser g = {.cache = pass_cache_create(p)};
	struct graph *expected = linked_graph(NULL, false, 5, NULL);
	graph_destroy(linked_graph(g.cache, false, 0, NULL));
	pass_cache_prepare(g.cache, guess_edges, &g);
	while (!atomic_load(&g.has_ended))
		sched_yield();
	pass_cache_pause(g.cache);
	struct graph *got = linked_graph(g.cache, false, 5, NULL);
	check_same(got, expected);
	graph_destroy(got);
	graph_destroy(expected);
	pass_cache_destroy(g.cache);
	profile_destroy(p);
}
END_TEST

static void guess_other_granularities(void *arg)
{
	static const struct aggregate_keep keeps[] = {{.function = true}, {.filename = true}, {.line = true}};
	struct guesser *g = arg;
	for (int i = 0; i < 3; i++) {
		struct profile *view = profile_view(p);
		view->pass_cache = g->cache;
		profile_aggregate(view, keeps[i]);
		graph_destroy(graph_create(view, &(struct graph_options){.value_index = 1}));
		profile_destroy(view);
	}
	atomic_store(&g->has_ended, true);
}

START_TEST(a_guess_pushes_out_no_stacks)
{
	begin_profile();
	add_random_samples(20000);
	struct guesser g = {.cache = cache_with_stacks()};
	pass_cache_prepare(g.cache, guess_other_granularities, &g);
	while (!atomic_load(&g.has_ended))
		sched_yield();
	pass_cache_pause(g.cache);
	struct profile *view = profile_view(p);
	view->pass_cache = g.cache;
	struct graph *frames = graph_create(view, &(struct graph_options){0});
	ck_assert_ptr_nonnull(pass_cache_stacks(frames));
	graph_destroy(frames);
	profile_destroy(view);
	pass_cache_destroy(g.cache);
	profile_destroy(p);
}
END_TEST

// Nodes whose names match, of samples in focus, against the same nodes of the whole graph.
static void check_named(struct pass_cache *cache, bool mean, const struct regex *focus, const struct regex *named)
{
	struct profile *view = profile_view(p);
	view->pass_cache = cache;
	profile_filter_names(view, &(struct name_filter){.focus = focus, .find = graph_find_samples});
	struct graph_options options = {.value_index = 1, .mean = mean};
	struct graph *all = graph_create(view, &options);
	options.named = named;
	struct graph *some = graph_create(view, &options);
	uint32_t nmatching = 0;
	for (uint32_t i = 0; i < all->nselected; i++) {
		uint32_t node = all->selected[i];
		struct str name = graph_node_name(all, node);
		if (!regex_match(named, name))
			continue;
		nmatching++;
		check_node(some, name.ptr[0], all->nodes[node].flat, all->nodes[node].cum);
		const struct node *same = &some->nodes[node_named(some, name.ptr[0])];
		ck_assert_int_eq(same->flat_div, all->nodes[node].flat_div);
		ck_assert_int_eq(same->cum_div, all->nodes[node].cum_div);
	}
	ck_assert_uint_eq(some->nselected, nmatching);
	graph_destroy(all);
	graph_destroy(some);
	profile_destroy(view);
}

START_TEST(nodes_of_some_names_are_as_among_all)
{
	begin_profile();
	add_random_samples(20000);
	struct arena a = {0};
	static const char *const names[] = {"[ab]", "e", "[bd]", "nothing", ""};
	struct regex *focus, *named;
	ck_assert_ptr_null(regex_compile(&a, STR("[ce]"), &focus));
	struct pass_cache *cache = cache_with_stacks();
	for (uint32_t i = 0; i < 5 * 8; i++) {
		ck_assert_ptr_null(regex_compile(&a, str_from(names[i / 8]), &named));
		check_named(i & 1 ? cache : NULL, i & 2, i & 4 ? focus : NULL, named);
		regex_free(named);
	}
	regex_free(focus);
	arena_deinit(&a);
	pass_cache_destroy(cache);
	profile_destroy(p);
}
END_TEST

START_TEST(stacks_that_find_no_room_are_not_kept)
{
	begin_profile();
	add_sample("abc", 1); // one location, three nodes
	struct graph *g = graph_create(p, &(struct graph_options){0});
	atomic_bool stop = false;
	ck_assert_ptr_null(node_stacks_create(p, g->frames, g->nnodes, &stop));
	graph_destroy(g);
	profile_destroy(p);
}
END_TEST

UNIT_MAIN("pass cache", views_share_places_until_they_change_them, remembers_passes_over_the_same_samples,
		stacks_kept_as_nodes_say_the_same, edges_of_heavy_stacks_wrap_alike,
		show_from_cuts_stacks_found_among_the_known_ones_alike,
		nodes_of_some_names_are_as_among_all, a_guess_gives_way_to_reports_and_to_the_end,
		no_guess_begins_in_a_report, what_a_guess_found_is_as_found_by_a_report, a_guess_pushes_out_no_stacks,
		stacks_that_find_no_room_are_not_kept)
