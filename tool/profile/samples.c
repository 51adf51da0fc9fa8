// SPDX-License-Identifier: MIT
// The sample columns: growing, appending, dropping rows.
#include "tool/profile/samples.h"

#include "base/mem.h"

void samples_reserve(struct profile *p, uint32_t n)
{
	if (n <= p->samples_cap)
		return;
	uint32_t cap = p->samples_cap;
	p->loc_begin = mem_grow(p->loc_begin, &cap, n, sizeof(*p->loc_begin));
	p->loc_end = mem_resize(p->loc_end, cap, sizeof(*p->loc_end));
	p->values = mem_resize(p->values, (size_t)cap * p->nsample_types, sizeof(*p->values));
	if (p->sample_labels)
		p->sample_labels = mem_resize(p->sample_labels, cap, sizeof(*p->sample_labels));
	p->samples_cap = cap;
}

void samples_reserve_locs(struct profile *p, size_t extra)
{
	size_t need = p->nlocs + extra;
	if (need <= p->locs_cap && p->locs)
		return;
	// What was read from a file grows no more: it is asked for at once, and gets what it needs.
	size_t cap = p->locs_cap ? p->locs_cap * 2 : 1024;
	if (cap < need)
		cap = need;
	uint32_t *locs = need > UINT32_MAX ? NULL
			: pages_grow(p->locs, p->locs_cap * sizeof(*locs), cap * sizeof(*locs));
	if (!locs)
		locs = mem_resize(NULL, SIZE_MAX, 2); // says so and ends
	p->locs = locs;
	p->locs_cap = cap;
}

void samples_make_locs(struct profile *p, size_t n)
{
	if (p->nlocations > UINT16_MAX + 1)
		samples_reserve_locs(p, n);
	else if (!(p->narrow_locs = pages_reserve(n * sizeof(*p->narrow_locs))))
		mem_resize(NULL, SIZE_MAX, 2); // says so and ends
	else
		p->locs_cap = n;
	p->nlocs = n;
}

void samples_free_locs(struct profile *p)
{
	if (p->borrowed & PROFILE_LOCS)
		return;
	pages_free(p->locs, p->locs_cap * sizeof(*p->locs));
	pages_free(p->narrow_locs, p->locs_cap * sizeof(*p->narrow_locs));
}

void samples_set_locs(struct profile *p, uint32_t *locs, size_t n, size_t cap)
{
	samples_free_locs(p);
	p->borrowed &= ~(unsigned)PROFILE_LOCS;
	p->locs = locs;
	p->narrow_locs = NULL;
	p->nlocs = n;
	p->locs_cap = cap;
}

uint32_t *samples_own_labels(struct profile *p)
{
	profile_own(p, PROFILE_SAMPLES);
	if (!p->sample_labels)
		p->sample_labels = mem_zeroed(p->samples_cap, sizeof(*p->sample_labels));
	return p->sample_labels;
}

void profile_add_sample(struct profile *p, const uint32_t *locs, uint32_t nlocs, const int64_t *values,
		uint32_t label_set)
{
	profile_own(p, PROFILE_SAMPLES | PROFILE_LOCS);
	samples_reserve(p, p->nsamples + 1);
	samples_reserve_locs(p, nlocs); // where `locs` lies in it, there is room already
	if (label_set)
		samples_own_labels(p);
	uint32_t i = p->nsamples++;
	p->loc_begin[i] = (uint32_t)p->nlocs;
	if (nlocs && locs != p->locs + p->nlocs) // merge.c has new stacks in place, or a little further
		memmove(p->locs + p->nlocs, locs, nlocs * sizeof(*locs));
	p->nlocs += nlocs;
	p->loc_end[i] = (uint32_t)p->nlocs;
	memcpy(p->values + (size_t)i * p->nsample_types, values, p->nsample_types * sizeof(*values));
	if (p->sample_labels)
		p->sample_labels[i] = label_set;
}

static void note_kept(struct profile *p, const uint8_t *keep)
{
	const unsigned all = PROFILE_SAMPLES | PROFILE_LOCS;
	if ((p->borrowed & all) == all) {
		p->kept = mem_resize(NULL, p->nsamples, 1);
		memcpy(p->kept, keep, p->nsamples);
		return;
	}
	for (uint32_t i = 0, at = 0; p->kept && at < p->nsamples; i++)
		if (p->kept[i])
			p->kept[i] = keep[at++];
}

void samples_keep(struct profile *p, const uint8_t *keep)
{
	uint32_t kept = 0, ntypes = p->nsample_types;
	for (uint32_t i = 0; i < p->nsamples; i++)
		kept += keep[i] != 0;
	if (kept == p->nsamples)
		return;
	note_kept(p, keep);
	// Into fresh columns where these are borrowed, else in place: rows only move down.
	struct profile from = *p;
	if (p->borrowed & PROFILE_SAMPLES) {
		p->borrowed &= ~(unsigned)PROFILE_SAMPLES;
		p->values = mem_resize(NULL, (size_t)kept * ntypes, sizeof(*p->values));
		p->loc_begin = mem_resize(NULL, kept, sizeof(*p->loc_begin));
		p->loc_end = mem_resize(NULL, kept, sizeof(*p->loc_end));
		if (p->sample_labels)
			p->sample_labels = mem_resize(NULL, kept, sizeof(*p->sample_labels));
		p->samples_cap = kept;
	}
	uint32_t to = 0;
	for (uint32_t i = 0; i < from.nsamples; i++) {
		if (!keep[i])
			continue;
		for (uint32_t t = 0; t < ntypes; t++)
			p->values[(size_t)to * ntypes + t] = from.values[(size_t)i * ntypes + t];
		p->loc_begin[to] = from.loc_begin[i];
		p->loc_end[to] = from.loc_end[i];
		if (p->sample_labels)
			p->sample_labels[to] = from.sample_labels[i];
		to++;
	}
	p->nsamples = kept;
}
