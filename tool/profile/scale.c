// SPDX-License-Identifier: MIT
// Arithmetic on all values of a profile, and small edits the driver makes before reporting.
#include <stdlib.h>

#include "base/libm.h"
#include "base/mem.h"
#include "tool/profile/combine.h"
#include "tool/profile/merge.h"
#include "tool/profile/samples.h"

void profile_scale(struct profile *p, double ratio)
{
	double *ratios = mem_resize(NULL, p->nsample_types, sizeof(*ratios));
	for (uint32_t i = 0; i < p->nsample_types; i++)
		ratios[i] = ratio;
	profile_scale_each(p, ratios);
	free(ratios);
}

void profile_scale_each(struct profile *p, const double *ratios)
{
	uint32_t ntypes = p->nsample_types;
	bool changes = false;
	for (uint32_t t = 0; t < ntypes; t++)
		changes |= ratios[t] != 1;
	if (!changes)
		return;
	profile_own(p, PROFILE_SAMPLES);
	uint8_t *keep = mem_zeroed(p->nsamples, 1);
	for (uint32_t i = 0; i < p->nsamples; i++) {
		int64_t *values = p->values + (size_t)i * ntypes;
		for (uint32_t t = 0; t < ntypes; t++) {
			if (ratios[t] == 1)
				continue;
			double v = libm()->round((double)values[t] * ratios[t]);
			values[t] = v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
			keep[i] |= values[t] != 0;
		}
	}
	samples_keep(p, keep);
	free(keep);
}

static int64_t sum_column(const struct profile *p, uint32_t type)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < p->nsamples; i++)
		sum += (uint64_t)profile_values(p, i)[type];
	return (int64_t)sum;
}

struct err *profile_normalize(struct arena *a, struct profile *p, const struct profile *base)
{
	struct err *err = combine_check(a, p, base);
	if (err)
		return err;
	double *ratios = mem_zeroed(p->nsample_types, sizeof(*ratios));
	for (uint32_t t = 0; t < p->nsample_types; t++) {
		int64_t own = sum_column(p, t);
		ratios[t] = own ? (double)sum_column(base, t) / (double)own : 0;
	}
	profile_scale_each(p, ratios);
	free(ratios);
	return NULL;
}

/* Whether Go's url.Parse takes it as an absolute URL: "scheme:...". */
static bool is_url(struct str s)
{
	size_t i = 0;
	for (; i < s.len && s.ptr[i] != ':'; i++) {
		char c = s.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
		if (!letter && !(other && i))
			return false;
	}
	return i && i < s.len;
}

void profile_unsource_mappings(struct profile *p)
{
	for (uint32_t i = 0; i < p->nmappings; i++) {
		if (!p->mappings[i].build_id && is_url(profile_str(p, p->mappings[i].file)))
			p->mappings[i].file = 0;
	}
}
