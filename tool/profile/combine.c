// SPDX-License-Identifier: MIT
// Bringing the headers of several profiles together: common sample types, common units, one header.
#include "tool/profile/combine.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/quote.h"
#include "tool/measurement/measurement.h"
#include "tool/profile/merge.h"

/* The strings of a value type, as err_new's %.*s want them. */
#define TYPE_FMT(p, t) STR_FMT(profile_str((p), (t).type)), STR_FMT(profile_str((p), (t).unit))

static bool same_type(const struct profile *p, struct value_type a, const struct profile *q,
		struct value_type b)
{
	return str_eq(profile_str(p, a.type), profile_str(q, b.type)) &&
			str_eq(profile_str(p, a.unit), profile_str(q, b.unit));
}

struct err *combine_check(struct arena *a, const struct profile *p, const struct profile *q)
{
	if (!same_type(p, p->period_type, q, q->period_type))
		return err_new(a, "incompatible period types &{%.*s %.*s 0 0} and &{%.*s %.*s 0 0}",
				TYPE_FMT(p, p->period_type), TYPE_FMT(q, q->period_type));
	bool same = p->nsample_types == q->nsample_types;
	for (uint32_t i = 0; i < p->nsample_types && same; i++)
		same = same_type(p, p->sample_types[i], q, q->sample_types[i]);
	return same ? NULL : err_new(a, "incompatible sample types");
}

static strid copy_string(struct profile *to, const struct profile *from, strid id)
{
	return profile_intern(to, profile_str(from, id));
}

static void combine_comments(struct profile *const *profiles, uint32_t n, struct profile *to)
{
	struct hash_index seen = {0};
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t j = 0; j < profiles[i]->ncomments; j++) {
			strid comment = copy_string(to, profiles[i], profiles[i]->comments[j]);
			uint64_t hash = (uint64_t)comment << 32;
			struct hash_probe probe = hash_index_probe(&seen, hash);
			if (hash_index_next(&probe) != HASH_INDEX_NONE)
				continue;
			hash_index_add(&seen, hash, comment);
			profile_add_comment(to, profile_str(to, comment));
		}
	}
	hash_index_deinit(&seen);
}

struct err *combine_headers(struct arena *a, struct profile *const *profiles, uint32_t n,
		struct profile *to)
{
	if (!n)
		return err_new(a, "no profiles to merge");
	const struct profile *first = profiles[0];
	for (uint32_t i = 1; i < n; i++) {
		struct err *err = combine_check(a, first, profiles[i]);
		if (err)
			return err;
	}
	profile_set_sample_types(to, first->sample_types, first->nsample_types);
	for (uint32_t i = 0; i < to->nsample_types; i++) {
		to->sample_types[i].type = copy_string(to, first, first->sample_types[i].type);
		to->sample_types[i].unit = copy_string(to, first, first->sample_types[i].unit);
	}
	to->drop_frames = copy_string(to, first, first->drop_frames);
	to->keep_frames = copy_string(to, first, first->keep_frames);
	to->period_type.type = copy_string(to, first, first->period_type.type);
	to->period_type.unit = copy_string(to, first, first->period_type.unit);
	to->has_period_type = first->has_period_type;
	for (uint32_t i = 0; i < n; i++) {
		const struct profile *p = profiles[i];
		// A later profile without a time resets it, as in pprof.
		if (!to->time_nanos || p->time_nanos < to->time_nanos)
			to->time_nanos = p->time_nanos;
		to->duration_nanos = (int64_t)((uint64_t)to->duration_nanos + (uint64_t)p->duration_nanos);
		if (!to->period || to->period < p->period)
			to->period = p->period;
		if (!to->default_sample_type)
			to->default_sample_type = copy_string(to, p, p->default_sample_type);
		if (!to->doc_url)
			to->doc_url = copy_string(to, p, p->doc_url);
	}
	combine_comments(profiles, n, to);
	return NULL;
}

static uint32_t find_type(const struct profile *p, struct str type)
{
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		if (str_eq(profile_str(p, p->sample_types[i].type), type))
			return i;
	}
	return NO_INDEX;
}

static uint32_t count_type(const struct profile *p, struct str type)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->nsample_types; i++)
		n += str_eq(profile_str(p, p->sample_types[i].type), type);
	return n;
}

/* Keeps the columns `kept` of p, in that order. */
static void select_types(struct profile *p, const uint32_t *kept, uint32_t n)
{
	strid default_type = p->sample_types[kept[0]].type;
	bool same = n == p->nsample_types;
	for (uint32_t i = 0; i < n; i++) {
		same = same && kept[i] == i;
		if (p->sample_types[kept[i]].type == p->default_sample_type)
			default_type = p->default_sample_type;
	}
	if (same)
		return;
	p->default_sample_type = default_type;
	profile_own(p, PROFILE_SAMPLES);
	uint32_t nold = p->nsample_types;
	int64_t *row = mem_resize(NULL, n, sizeof(*row));
	for (uint32_t i = 0; i < p->nsamples; i++) {
		for (uint32_t t = 0; t < n; t++)
			row[t] = p->values[(size_t)i * nold + kept[t]];
		memcpy(p->values + (size_t)i * n, row, n * sizeof(*row));
	}
	free(row);
	struct value_type *types = mem_resize(NULL, n, sizeof(*types));
	for (uint32_t t = 0; t < n; t++)
		types[t] = p->sample_types[kept[t]];
	free(p->sample_types);
	p->sample_types = types;
	p->nsample_types = n;
}

struct err *profile_compatibilize(struct arena *a, struct profile **profiles, uint32_t n)
{
	uint32_t ncommon = 0, ntypes = n ? profiles[0]->nsample_types : 0;
	struct str *common = arena_array(a, struct str, ntypes);
	uint32_t *kept = arena_array(a, uint32_t, ntypes);
	for (uint32_t t = 0; t < ntypes; t++) {
		struct str type = profile_str(profiles[0], profiles[0]->sample_types[t].type);
		// As pprof counts: a type that one profile has twice is not common, unless another one lacks it.
		uint32_t having = 0;
		for (uint32_t i = 0; i < n; i++)
			having += count_type(profiles[i], type);
		if (having == n) {
			size_t len = type.len; // a copy: the first profile's types are edited below
			common[ncommon++] = (struct str){arena_strndup(a, type.ptr, len), len};
		}
	}
	if (!ncommon)
		return err_new(a, "profiles have empty common sample type list");
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t t = 0; t < ncommon; t++) {
			kept[t] = find_type(profiles[i], common[t]);
			if (kept[t] == NO_INDEX)
				return err_new(a, "%s sample type is not found in profile", quote_go(a, common[t]));
		}
		select_types(profiles[i], kept, ncommon);
	}
	return NULL;
}

static double unit_ratio(struct str from, struct str to)
{
	struct str unit;
	return measurement_scale(1, from, to, &unit);
}

// A value type and the profile its strings are in.
struct typed {
	const struct profile *p;
	struct value_type type;
};

/* The finest of n types, into *finest_out; error: "incompatible types: ...". */
static struct err *finest_type(struct arena *a, const struct typed *types, uint32_t n,
		struct str *unit_out)
{
	struct typed finest = types[0];
	for (uint32_t i = 1; i < n; i++) {
		struct typed t = types[i];
		struct str unit = profile_str(t.p, t.type.unit), best = profile_str(finest.p, finest.type.unit);
		if (!measurement_compatible(profile_str(finest.p, finest.type.type), best,
				    profile_str(t.p, t.type.type), unit))
			return err_new(a, "incompatible types: {%.*s %.*s 0 0} {%.*s %.*s 0 0}",
					TYPE_FMT(finest.p, finest.type), TYPE_FMT(t.p, t.type));
		if (unit_ratio(unit, best) < 1)
			finest = t;
	}
	*unit_out = profile_str(finest.p, finest.type.unit);
	return NULL;
}

static int64_t go_int64(double v)
{
	return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN; // as amd64 converts
}

static void scale_profile(struct profile *p, struct str period_unit, const struct str *units)
{
	struct str unit;
	double *ratios = mem_resize(NULL, p->nsample_types, sizeof(*ratios));
	p->period = go_int64(measurement_scale(p->period, profile_str(p, p->period_type.unit), period_unit, &unit));
	p->period_type.unit = profile_intern(p, period_unit);
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		ratios[i] = unit_ratio(profile_str(p, p->sample_types[i].unit), units[i]);
		p->sample_types[i].unit = profile_intern(p, units[i]);
	}
	profile_scale_each(p, ratios);
	free(ratios);
}

struct err *profile_scale_units(struct arena *a, struct profile **profiles, uint32_t n)
{
	if (n < 2)
		return NULL;
	struct typed *types = arena_array(a, struct typed, n);
	struct str period_unit, *units = arena_array(a, struct str, profiles[0]->nsample_types);
	for (uint32_t i = 0; i < n; i++)
		types[i] = (struct typed){profiles[i], profiles[i]->period_type};
	struct err *err = err_wrap(a, finest_type(a, types, n, &period_unit), "period type");
	for (uint32_t i = 1; i < n && !err; i++) {
		if (profiles[i]->nsample_types != profiles[0]->nsample_types)
			err = err_new(a, "inconsistent samples type count: %u != %u",
					profiles[0]->nsample_types, profiles[i]->nsample_types);
	}
	for (uint32_t t = 0; !err && t < profiles[0]->nsample_types; t++) {
		for (uint32_t i = 0; i < n; i++)
			types[i].type = profiles[i]->sample_types[t];
		err = err_wrap(a, finest_type(a, types, n, &units[t]), "sample types");
	}
	for (uint32_t i = 0; i < n && !err; i++)
		scale_profile(profiles[i], period_unit, units);
	return err;
}
