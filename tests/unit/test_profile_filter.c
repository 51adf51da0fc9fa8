// SPDX-License-Identifier: MIT
// What each filter keeps, that a view leaves its base alone, and how prune differs from prune_from.
#include "tool/profile/aggregate.h"
#include "tool/profile/filter.h"
#include "tool/profile/prune.h"

#include "profile_fixture.h"

static struct arena a;

/* Stacks are written leaf first: C called B called A. */
static struct profile *base(void)
{
	struct profile *p = fixture_create();
	fixture_add(p, "CBA", 1, 0);
	fixture_add(p, "DBA", 2, 0);
	fixture_add(p, "DA", 4, 0);
	fixture_add(p, "EDEA", 8, 0);
	return p;
}

static const char *names(const char *focus, const char *ignore, const char *hide, const char *show)
{
	struct profile *p = base(), *view = profile_view(p);
	struct regex *res[4] = {0};
	const char *patterns[4] = {focus, ignore, hide, show};
	for (unsigned i = 0; i < 4; i++)
		res[i] = patterns[i] ? regex_must_compile(patterns[i]) : NULL;
	struct name_filter f = {res[0], res[1], res[2], res[3]};
	struct name_matches found = profile_filter_names(view, &f);
	ck_assert(!hide || found.hide);
	const char *samples = arena_strdup(&a, fixture_samples(view));
	ck_assert_str_eq(fixture_samples(p), "CBA=1 DBA=2 DA=4 EDEA=8 ");
	profile_destroy(view);
	profile_destroy(p);
	for (unsigned i = 0; i < 4; i++)
		regex_free(res[i]);
	return samples;
}

START_TEST(focus_ignore_hide_show)
{
	ck_assert_str_eq(names("B", NULL, NULL, NULL), "CBA=1 DBA=2 ");
	ck_assert_str_eq(names(NULL, "B|E", NULL, NULL), "DA=4 ");
	ck_assert_str_eq(names("D", "B", NULL, NULL), "DA=4 EDEA=8 ");
	ck_assert_str_eq(names(NULL, NULL, "D|E", NULL), "CBA=1 BA=2 A=4 A=8 ");
	ck_assert_str_eq(names(NULL, NULL, NULL, "D|E"), "D=2 D=4 EDE=8 ");
	ck_assert_str_eq(names("B", NULL, "A", "A|C"), "C=1 ");
	ck_assert_str_eq(names("B\\.c", NULL, NULL, NULL), "CBA=1 DBA=2 ");
	ck_assert_str_eq(names("/bin/prog", NULL, NULL, NULL), "CBA=1 DBA=2 DA=4 EDEA=8 ");
	ck_assert_str_eq(names("nothing", NULL, NULL, NULL), "");
}
END_TEST

START_TEST(hide_takes_single_inlined_lines)
{
	struct profile *p = fixture_create();
	fixture_add(p, "ABC", 1, 0);
	// B and C inlined into A's location; the sample has it alone.
	p->locations[0].nlines = 3;
	p->loc_end[0] = 1;
	struct regex *re = regex_must_compile("^B$");
	struct profile *view = profile_view(p);
	struct name_matches found = profile_filter_names(view, &(struct name_filter){.hide = re});
	ck_assert(found.hide && !found.show);
	ck_assert_str_eq(fixture_samples(view), "AC=1 ");
	ck_assert_str_eq(fixture_samples(p), "ABC=1 ");
	profile_destroy(view);
	view = profile_view(p);
	ck_assert(profile_show_from(view, re, NULL, false));
	ck_assert_str_eq(fixture_samples(view), "AB=1 ");
	profile_destroy(view);
	profile_prune_from(p, re);
	ck_assert_str_eq(fixture_samples(p), "BC=1 ");
	profile_destroy(p);
	regex_free(re);
}
END_TEST

START_TEST(show_from_cuts_above_the_rootmost_match)
{
	struct regex *re = regex_must_compile("^[DE]$");
	struct profile *p = base();
	ck_assert(profile_show_from(p, re, NULL, false));
	ck_assert_str_eq(fixture_samples(p), "D=2 D=4 EDE=8 ");
	ck_assert(!profile_show_from(p, NULL, NULL, false));
	regex_free(re);
	re = regex_must_compile("nothing");
	ck_assert(!profile_show_from(p, re, NULL, false));
	ck_assert_str_eq(fixture_samples(p), "");
	regex_free(re);
	profile_destroy(p);
}
END_TEST

START_TEST(prune_goes_from_the_root_and_prune_from_from_the_leaf)
{
	struct regex *e = regex_must_compile("^E$"), *root = regex_must_compile("^A$");
	struct profile *p = base();
	profile_prune(p, e, NULL);
	ck_assert_str_eq(fixture_samples(p), "CBA=1 DBA=2 DA=4 A=8 ");
	profile_prune(p, root, NULL); // nothing to keep above it: stays
	ck_assert_str_eq(fixture_samples(p), "CBA=1 DBA=2 DA=4 A=8 ");
	profile_destroy(p);
	p = base();
	struct regex *d = regex_must_compile("^D$");
	profile_prune_from(p, d);
	ck_assert_str_eq(fixture_samples(p), "CBA=1 DBA=2 DA=4 DEA=8 ");
	profile_destroy(p);
	regex_free(e);
	regex_free(root);
	regex_free(d);
}
END_TEST

START_TEST(drop_frames_match_whole_simplified_names)
{
	struct profile *p = base();
	fixture_add(p, "XYA", 16, 0);
	p->functions[p->nfunctions - 2].name = profile_intern(p, STR("malloc(unsigned long)"));
	p->drop_frames = profile_intern(p, STR("malloc|Y.|E"));
	p->keep_frames = profile_intern(p, STR("E"));
	ck_assert_ptr_null(profile_remove_uninteresting(p, &a));
	ck_assert_str_eq(fixture_samples(p), "CBA=1 DBA=2 DA=4 EDEA=8 YA=16 ");
	p->drop_frames = profile_intern(p, STR("("));
	ck_assert_str_eq(profile_remove_uninteresting(p, &a)->message,
			"failed to compile regexp (: error parsing regexp: missing closing ): `^(()$`");
	profile_destroy(p);
	ck_assert(str_eq(simplify_function_name(STR(".f(int)")), STR("f")));
	ck_assert(str_eq(simplify_function_name(STR("(anonymous namespace)::operator()(int)")),
			STR("(anonymous namespace)::operator()")));
}
END_TEST

static struct profile *tagged(void)
{
	struct profile *p = fixture_create();
	fixture_add(p, "A", 1, fixture_label(p, "thread", "main"));
	fixture_add(p, "B", 2, fixture_label(p, "thread", "worker"));
	fixture_add(p, "C", 4, fixture_number(p, "bytes", 4096, ""));
	fixture_add(p, "D", 8, fixture_number(p, "bytes", 65536, ""));
	fixture_add(p, "E", 16, 0);
	return p;
}

static const char *tag_focus(const char *value, bool is_range)
{
	struct profile *p = tagged(), *view = profile_view(p);
	struct label_units units = profile_label_units(p);
	struct tag_filter *f;
	struct str range;
	bool got_range, focused, ignored;
	struct err *err = tag_filter_compile(&a, STR("tagfocus"), str_from(value), &units, &f, &got_range, &range);
	if (err)
		return err->message;
	ck_assert_int_eq(got_range, is_range);
	profile_filter_tags(view, f, NULL, &focused, &ignored);
	tag_filter_free(f);
	const char *samples = arena_strdup(&a, fixture_samples(view));
	profile_destroy(view);
	profile_destroy(p);
	return samples;
}

START_TEST(tags_by_range_or_regexp)
{
	ck_assert_str_eq(tag_focus("4kb", true), "C=4 ");
	ck_assert_str_eq(tag_focus("4kb:", true), "C=4 D=8 ");
	ck_assert_str_eq(tag_focus(":5kb", true), "C=4 ");
	ck_assert_str_eq(tag_focus(":5000", true), ""); // of no unit, unlike bytes
	ck_assert_str_eq(tag_focus("5kb:1mb", true), "D=8 ");
	ck_assert_str_eq(tag_focus("bytes=64kb", true), "D=8 ");
	ck_assert_str_eq(tag_focus("other=64kb", true), "");
	ck_assert_str_eq(tag_focus("1.5mb", false), "");
	ck_assert_str_eq(tag_focus("main", false), "A=1 ");
	ck_assert_str_eq(tag_focus("thread:.*r", false), "B=2 ");
	ck_assert_str_eq(tag_focus("thread=main,worker", false), "A=1 B=2 ");
	ck_assert_str_eq(tag_focus("main,worker", false), ""); // both, in one sample
	ck_assert_str_eq(tag_focus("main,(", false),
			"parsing tagfocus regexp: error parsing regexp: missing closing ): `(`");
}
END_TEST

START_TEST(tag_keys_shown_and_hidden)
{
	struct profile *p = tagged(), *view = profile_view(p);
	struct regex *re = regex_must_compile("thr");
	bool shown, hidden;
	profile_filter_label_keys(view, NULL, re, &shown, &hidden);
	ck_assert(hidden);
	ck_assert_uint_eq(profile_label_set(view, 0), 0);
	ck_assert_uint_ne(profile_label_set(view, 2), 0);
	ck_assert_uint_ne(profile_label_set(p, 0), 0);
	profile_filter_label_keys(p, re, NULL, &shown, &hidden);
	ck_assert(shown && !hidden);
	ck_assert_uint_ne(profile_label_set(p, 0), 0);
	ck_assert_uint_eq(profile_label_set(p, 2), 0);
	regex_free(re);
	profile_destroy(view);
	profile_destroy(p);
}
END_TEST

START_TEST(labels_become_frames)
{
	struct profile *p = tagged();
	struct str root[] = {STR("thread")}, leaf[] = {STR("bytes"), STR("none")};
	bool roots, leaves;
	profile_add_label_frames(p, root, 1, leaf, 2, STR("kb"), &roots, &leaves);
	ck_assert(roots && leaves);
	ck_assert_str_eq(fixture_samples(p), "Amain=1 Bworker=2 4096C=4 65536D=8 E=16 ");
	ck_assert_uint_eq(profile_stack(p, 4).n, 4); // frames without a name, too
	ck_assert_ptr_null(profile_check(p, &a));
	profile_destroy(p);
}
END_TEST

START_TEST(units_are_the_first_met)
{
	struct profile *p = fixture_create();
	fixture_add(p, "A", 1, fixture_number(p, "request", 1, ""));
	fixture_add(p, "A", 1, fixture_number(p, "latency", 1, "ms"));
	fixture_add(p, "A", 1, fixture_number(p, "latency", 1, "us"));
	fixture_add(p, "A", 1, fixture_number(p, "latency", 1, "ns"));
	fixture_add(p, "A", 1, fixture_number(p, "custom", 1, ""));
	struct label_units u = profile_label_units(p);
	ck_assert_uint_eq(u.n, 3);
	ck_assert(str_eq(label_units_get(p, &u, STR("request")), STR("bytes")));
	ck_assert(str_eq(label_units_get(p, &u, STR("latency")), STR("ms")));
	ck_assert(str_eq(label_units_get(p, &u, STR("custom")), STR("custom")));
	ck_assert_uint_eq(u.items[1].nignored, 2);
	ck_assert(str_eq(profile_str(p, u.items[1].ignored[0]), STR("ns")));
	profile_destroy(p);
}
END_TEST

START_TEST(aggregate_forgets)
{
	struct profile *p = base(), *view = profile_view(p);
	struct aggregate_keep keep = {.function = true};
	profile_aggregate(view, keep);
	ck_assert_uint_eq(view->locations[0].address, 0);
	ck_assert_int_eq(view->lines[0].line, 0);
	ck_assert_uint_eq(view->functions[0].filename, 0);
	ck_assert_uint_ne(view->functions[0].name, 0);
	ck_assert_uint_ne(p->locations[0].address, 0);
	ck_assert_uint_ne(p->functions[0].filename, 0);
	profile_destroy(view);
	profile_destroy(p);
}
END_TEST

UNIT_MAIN("profile_filter", focus_ignore_hide_show, hide_takes_single_inlined_lines,
		show_from_cuts_above_the_rootmost_match, prune_goes_from_the_root_and_prune_from_from_the_leaf,
		drop_frames_match_whole_simplified_names, tags_by_range_or_regexp, tag_keys_shown_and_hidden,
		labels_become_frames, units_are_the_first_met, aggregate_forgets)
