// SPDX-License-Identifier: MIT
// What merging takes for equal, what becomes of headers and units, and arithmetic on values.
#include "tool/profile/merge.h"

#include "profile_fixture.h"

static struct arena a;

static struct profile *merge(struct profile *p, struct profile *q)
{
	struct profile *both[] = {profile_view(p), profile_view(q)}, *merged = NULL;
	struct err *err = profile_merge(&a, both, 2, &merged);
	ck_assert_msg(!err, "%s", err ? err->message : "");
	return merged;
}

START_TEST(adds_equal_stacks)
{
	struct profile *p = fixture_create(), *q = fixture_create();
	fixture_add(p, "CBA", 1, 0);
	fixture_add(p, "BA", 2, 0);
	fixture_add(q, "BA", 4, 0);
	fixture_add(q, "DA", 8, 0);
	fixture_add(q, "BA", 16, fixture_label(q, "k", "v"));
	// The other process had its binary elsewhere.
	q->mappings[0].start += 0x70000;
	q->mappings[0].limit += 0x70000;
	for (uint32_t i = 0; i < q->nlocations; i++)
		q->locations[i].address += 0x70000;
	struct profile *m = merge(p, q);
	ck_assert_str_eq(fixture_samples(m), "CBA=1 BA=6 DA=8 BA=16 ");
	ck_assert_uint_eq(m->nmappings, 1);
	ck_assert_uint_eq(m->nlocations, 4);
	ck_assert_uint_eq(m->locations[3].address, 0x1000u + 'D');
	ck_assert_uint_eq(m->locations[3].id, 4);
	profile_destroy(m);
	q->mappings[0].limit += 0x1000; // another size: another binary
	m = merge(p, q);
	ck_assert_uint_eq(m->nmappings, 2);
	profile_destroy(m);
	profile_destroy(p);
	profile_destroy(q);
}
END_TEST

START_TEST(columns_only_count_in_the_last_line)
{
	struct profile *p = fixture_create(), *q = fixture_create();
	fixture_add(p, "AB", 1, 0);
	fixture_add(q, "AB", 1, 0);
	struct profile *both[] = {p, q};
	for (unsigned i = 0; i < 2; i++) { // A inlined into B
		both[i]->locations[0].nlines = 2;
		both[i]->loc_end[0] = 1;
	}
	p->lines[0].column = 7;
	struct profile *m = merge(p, q);
	ck_assert_uint_eq(m->nlocations, 1);
	profile_destroy(m);
	p->lines[1].column = 7;
	m = merge(p, q);
	ck_assert_uint_eq(m->nlocations, 2);
	profile_destroy(m);
	profile_destroy(p);
	profile_destroy(q);
}
END_TEST

START_TEST(what_cancels_out_is_gone)
{
	struct profile *p = fixture_create(), *q = fixture_create();
	fixture_add(p, "XA", 5, 0);
	fixture_add(p, "BA", 3, 0);
	fixture_add(q, "XA", 5, 0);
	profile_scale(q, -1);
	struct profile *m = merge(p, q);
	ck_assert_str_eq(fixture_samples(m), "BA=3 ");
	ck_assert_uint_eq(m->nlocations, 2);
	ck_assert_uint_eq(m->nfunctions, 2);
	profile_destroy(m);
	profile_destroy(p);
	profile_destroy(q);
}
END_TEST

START_TEST(headers_combine)
{
	struct profile *p = fixture_create(), *q = fixture_create();
	p->time_nanos = 20;
	q->time_nanos = 10;
	p->duration_nanos = q->duration_nanos = 5;
	q->period = 3;
	profile_add_comment(p, STR("one"));
	profile_add_comment(q, STR("one"));
	profile_add_comment(q, STR("two"));
	q->default_sample_type = profile_intern(q, STR("samples"));
	struct profile *m = merge(p, q);
	ck_assert_int_eq(m->time_nanos, 10);
	ck_assert_int_eq(m->duration_nanos, 10);
	ck_assert_int_eq(m->period, 3);
	ck_assert_uint_eq(m->ncomments, 2);
	ck_assert(str_eq(profile_str(m, m->default_sample_type), STR("samples")));
	profile_destroy(m);
	q->period_type.unit = profile_intern(q, STR("ms"));
	struct profile *both[] = {p, q};
	ck_assert_str_eq(profile_merge(&a, both, 2, &m)->message,
			"incompatible period types &{samples count 0 0} and &{samples ms 0 0}");
}
END_TEST

static struct profile *typed(const char *const (*types)[2], uint32_t n, const int64_t *values)
{
	struct profile *p = fixture_create();
	struct value_type t[4];
	for (uint32_t i = 0; i < n; i++) {
		t[i].type = profile_intern(p, str_from(types[i][0]));
		t[i].unit = profile_intern(p, str_from(types[i][1]));
	}
	profile_set_sample_types(p, t, n);
	uint32_t loc = fixture_location(p, 'A');
	profile_add_sample(p, &loc, 1, values, 0);
	return p;
}

START_TEST(common_types_and_finest_units)
{
	static const char *const one[][2] = {{"alloc", "count"}, {"cpu", "milliseconds"}, {"size", "kb"}};
	static const char *const other[][2] = {{"size", "bytes"}, {"cpus", "ns"}, {"cpu", "us"}};
	struct profile *p = typed(one, 3, (int64_t[]){1, 2, 3}), *q = typed(other, 3, (int64_t[]){4, 5, 6});
	struct profile *both[] = {p, q};
	ck_assert_ptr_null(profile_compatibilize(&a, both, 2));
	ck_assert_uint_eq(p->nsample_types, 2);
	ck_assert_int_eq(profile_values(p, 0)[0], 2);
	ck_assert_int_eq(profile_values(q, 0)[0], 6);
	ck_assert_int_eq(profile_values(q, 0)[1], 4);
	ck_assert(str_eq(profile_str(q, q->default_sample_type), STR("cpu")));
	ck_assert_ptr_null(profile_scale_units(&a, both, 2));
	ck_assert_int_eq(profile_values(p, 0)[0], 2000);
	ck_assert_int_eq(profile_values(p, 0)[1], 3072);
	ck_assert(str_eq(profile_str(p, p->sample_types[1].unit), STR("bytes")));
	profile_destroy(p);
	profile_destroy(q);
}
END_TEST

START_TEST(types_that_do_not_fit)
{
	static const char *const cpu[][2] = {{"cpu", "ns"}}, *const size[][2] = {{"size", "bytes"}},
			*const odd[][2] = {{"cpu", "bytes"}};
	int64_t v = 1;
	struct profile *p = typed(cpu, 1, &v), *q = typed(size, 1, &v), *r = typed(odd, 1, &v);
	struct profile *both[] = {p, q};
	ck_assert_str_eq(profile_compatibilize(&a, both, 2)->message,
			"profiles have empty common sample type list");
	both[1] = r;
	ck_assert_str_eq(profile_scale_units(&a, both, 2)->message,
			"sample types: incompatible types: {cpu ns 0 0} {cpu bytes 0 0}");
	profile_destroy(p);
	profile_destroy(q);
	profile_destroy(r);
}
END_TEST

START_TEST(scaling_rounds_and_drops_zeros)
{
	struct profile *p = fixture_create(), *q = fixture_create();
	fixture_add(p, "A", 5, 0);
	fixture_add(p, "B", 1, 0);
	fixture_add(p, "C", -3, 0);
	struct profile *view = profile_view(p);
	profile_scale(view, 0.4);
	ck_assert_str_eq(fixture_samples(view), "A=2 C=-1 ");
	ck_assert_str_eq(fixture_samples(p), "A=5 B=1 C=-3 ");
	fixture_add(q, "A", 6, 0);
	ck_assert_ptr_null(profile_normalize(&a, p, q));
	ck_assert_str_eq(fixture_samples(p), "A=10 B=2 C=-6 ");
	profile_destroy(view);
	profile_destroy(p);
	profile_destroy(q);
}
END_TEST

START_TEST(labels_set_on_all)
{
	struct profile *p = fixture_create();
	fixture_add(p, "A", 1, 0);
	fixture_add(p, "B", 1, fixture_label(p, "k", "v"));
	profile_set_label(p, STR("pprof::base"), STR("true"));
	strid key = profile_find_string(p, STR("pprof::base")), value = profile_find_string(p, STR("true"));
	ck_assert(profile_set_has_label(p, profile_label_set(p, 0), key, value));
	ck_assert(profile_set_has_label(p, profile_label_set(p, 1), key, value));
	ck_assert_uint_ne(profile_label_set(p, 0), profile_label_set(p, 1));
	profile_remove_label(p, STR("pprof::base"));
	ck_assert_uint_eq(profile_label_set(p, 0), 0);
	ck_assert_uint_eq(profile_label_set(p, 1), fixture_label(p, "k", "v"));
	p->mappings[0].file = profile_intern(p, STR("http://host/debug/pprof/profile"));
	profile_unsource_mappings(p);
	ck_assert_uint_eq(p->mappings[0].file, 0);
	p->mappings[0].file = profile_intern(p, STR("/usr/bin/a:b"));
	profile_unsource_mappings(p);
	ck_assert_uint_ne(p->mappings[0].file, 0);
	profile_destroy(p);
}
END_TEST

START_TEST(sample_index_by_name_or_number)
{
	static const char *const types[][2] = {{"space", "bytes"}, {"delay", "ns"}};
	struct profile *p = typed(types, 2, (int64_t[]){1, 2});
	uint32_t i;
	ck_assert_ptr_null(profile_sample_index(p, &a, STR(""), &i));
	ck_assert_uint_eq(i, 1);
	p->default_sample_type = p->sample_types[0].type;
	ck_assert_ptr_null(profile_sample_index(p, &a, STR(""), &i));
	ck_assert_uint_eq(i, 0);
	ck_assert_ptr_null(profile_sample_index(p, &a, STR("inuse_space"), &i));
	ck_assert_uint_eq(i, 0);
	ck_assert_ptr_null(profile_sample_index(p, &a, STR("1"), &i));
	ck_assert_uint_eq(i, 1);
	ck_assert_str_eq(profile_sample_index(p, &a, STR("9"), &i)->message,
			"sample_index 9 is outside the range [0..1]");
	ck_assert_str_eq(profile_sample_index(p, &a, STR("x"), &i)->message,
			"sample_index \"x\" must be one of: [space delay]");
	profile_destroy(p);
}
END_TEST

UNIT_MAIN("profile_merge", adds_equal_stacks, columns_only_count_in_the_last_line, what_cancels_out_is_gone,
		headers_combine, common_types_and_finest_units, types_that_do_not_fit, scaling_rounds_and_drops_zeros,
		labels_set_on_all, sample_index_by_name_or_number)
