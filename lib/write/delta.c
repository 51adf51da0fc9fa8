// SPDX-License-Identifier: MIT
// Context: CTL. See delta.h.
#include "delta.h"

#include <errno.h>
#include <string.h>

#include "grow.h"
#include "hash.h"
#include "profile_out.h"
#include "sigsafe/pagealloc.h"

struct sum {
	uint64_t hash;
	size_t key; // index in words[]: the labels, four words each, then the locations
	uint32_t nlabels, nlocations;
	bool has_first_num; // the first label's, whose group is in the key
	int64_t first_num;
	int64_t values[CP_MAX_SAMPLE_TYPES];
};

struct cp_delta {
	struct cp_profile_out *out;
	int sign;
	int64_t base_ns;
	struct cp_profile_spec later;
	struct sum *sums;
	size_t nsums, sums_cap_bytes;
	uint64_t *words;
	size_t nwords, words_cap_bytes;
	uint32_t *slots; // index + 1, 0: free; a power of two, at most half used
	size_t slots_cap_bytes;
};

enum { LABEL_WORDS = sizeof(struct profwrite_label) / sizeof(uint64_t) };
_Static_assert(sizeof(struct profwrite_label) % sizeof(uint64_t) == 0, "labels are kept as words");

int cp_delta_begin(struct cp_delta **delta_out)
{
	*delta_out = cp_pages_alloc(sizeof(**delta_out));
	return *delta_out ? 0 : -ENOMEM;
}

/** Only what is summed is for us, not bytes. */
static int refuse_bytes(void *arg, const void *data, size_t size)
{
	return -EINVAL;
}

struct cp_delta *cp_delta_of(const struct cprof_writer *writer)
{
	return writer->write == refuse_bytes ? writer->arg : NULL;
}

struct cprof_writer cp_delta_base(struct cp_delta *d)
{
	d->sign = -1;
	return (struct cprof_writer){.write = refuse_bytes, .arg = d};
}

struct cprof_writer cp_delta_later(struct cp_delta *d)
{
	d->sign = 1;
	return (struct cprof_writer){.write = refuse_bytes, .arg = d};
}

bool cp_delta_begin_profile(struct cp_delta *d, const struct cp_profile_spec *spec, struct cp_profile_out ***out)
{
	bool is_later = d->sign > 0;
	*out = &d->out;
	if (is_later)
		d->later = *spec;
	else
		d->base_ns = spec->time_ns;
	return is_later;
}

/// The table

static uint32_t *find_slot(const struct cp_delta *d, uint64_t hash, const uint64_t *key, uint32_t nlabels,
		uint32_t nlocations)
{
	size_t mask = d->slots_cap_bytes / sizeof(*d->slots) - 1;
	size_t key_bytes = (nlabels * LABEL_WORDS + nlocations) * sizeof(*key);
	for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
		const struct sum *s = d->slots[i] ? &d->sums[d->slots[i] - 1] : NULL;
		if (!s || (s->hash == hash && s->nlabels == nlabels && s->nlocations == nlocations &&
					  memcmp(d->words + s->key, key, key_bytes) == 0))
			return &d->slots[i];
	}
}

static bool make_room(struct cp_delta *d, size_t nwords)
{
	if (!cp_grow(&d->sums, &d->sums_cap_bytes, (d->nsums + 1) * sizeof(*d->sums)) ||
			!cp_grow(&d->words, &d->words_cap_bytes, (d->nwords + nwords) * sizeof(*d->words)))
		return false;
	size_t need_bytes = (d->nsums + 1) * 2 * sizeof(*d->slots);
	if (need_bytes <= d->slots_cap_bytes)
		return true;
	uint32_t *old = d->slots;
	size_t old_bytes = d->slots_cap_bytes;
	d->slots = NULL;
	d->slots_cap_bytes = 0;
	if (!cp_grow(&d->slots, &d->slots_cap_bytes, need_bytes)) {
		d->slots = old;
		d->slots_cap_bytes = old_bytes;
		return false;
	}
	for (size_t i = 0; i < d->nsums; i++) {
		const struct sum *s = &d->sums[i];
		*find_slot(d, s->hash, d->words + s->key, s->nlabels, s->nlocations) = (uint32_t)i + 1;
	}
	cp_grow_free(&old, &old_bytes);
	return true;
}

bool cp_delta_add(struct cp_delta *d, const struct cp_delta_sample *in)
{
	size_t nwords = in->nlabels * LABEL_WORDS + in->nlocations;
	if (!make_room(d, nwords))
		return false;
	// Behind the last one: it stays there if it is new.
	uint64_t *key = d->words + d->nwords;
	memcpy(key, in->labels, in->nlabels * sizeof(*in->labels));
	memcpy(key + in->nlabels * LABEL_WORDS, in->locations, in->nlocations * sizeof(*in->locations));
	uint64_t hash = cp_hash_bytes(key, nwords * sizeof(*key));
	uint32_t *slot = find_slot(d, hash, key, in->nlabels, in->nlocations);
	if (*slot == 0) {
		d->sums[d->nsums++] = (struct sum){hash, d->nwords, in->nlabels, in->nlocations, false, 0, {0}};
		d->nwords += nwords;
		*slot = (uint32_t)d->nsums;
	}
	struct sum *s = &d->sums[*slot - 1];
	s->has_first_num = in->first_num;
	s->first_num = in->first_num ? *in->first_num : 0; // the later one's
	for (uint32_t i = 0; i < in->nvalues; i++)
		s->values[i] += d->sign * in->values[i];
	return true;
}

/// The end

static bool is_zero(const struct sum *s)
{
	int64_t any = 0;
	for (int i = 0; i < CP_MAX_SAMPLE_TYPES; i++)
		any |= s->values[i];
	return any == 0;
}

int cp_delta_end(struct cp_delta *d, struct cprof_writer writer)
{
	struct cp_profile_out *out = d->out;
	int ret = out ? 0 : -EINVAL; // the profile has no binary form
	int64_t duration_ns = d->later.time_ns - d->base_ns;
	for (size_t i = 0; i < d->nsums && ret == 0; i++) {
		const struct sum *s = &d->sums[i];
		const uint64_t *key = d->words + s->key;
		struct profwrite_label labels[CP_MAX_LABELS];
		memcpy(labels, key, s->nlabels * sizeof(*labels));
		if (s->has_first_num)
			labels[0].num = s->first_num;
		if (!is_zero(s))
			ret = cp_profile_out_sum(out, key + s->nlabels * LABEL_WORDS, s->nlocations, s->values,
					labels, s->nlabels);
	}
	if (out) {
		cp_profile_out_release(out, writer);
		d->out = NULL;
		if (ret == 0)
			ret = cp_profile_out_end(out, duration_ns);
		else
			cp_profile_out_abandon(out);
	}
	cp_delta_drop(d);
	return ret;
}

const struct cp_profile_spec *cp_delta_spec(const struct cp_delta *d)
{
	return d->out && d->later.nsample_types > 0 ? &d->later : NULL;
}

struct cp_locations *cp_delta_locations(struct cp_delta *d)
{
	return cp_profile_out_locations(d->out);
}

void cp_delta_each(const struct cp_delta *d, cp_delta_fn *fn, void *arg)
{
	for (size_t i = 0; i < d->nsums; i++) {
		const struct sum *s = &d->sums[i];
		if (!is_zero(s))
			fn(arg, d->words + s->key + s->nlabels * LABEL_WORDS, s->nlocations, s->values);
	}
}

void cp_delta_drop(struct cp_delta *d)
{
	if (d->out) {
		cp_profile_out_release(d->out, (struct cprof_writer){0});
		cp_profile_out_abandon(d->out);
	}
	cp_grow_free(&d->sums, &d->sums_cap_bytes);
	cp_grow_free(&d->words, &d->words_cap_bytes);
	cp_grow_free(&d->slots, &d->slots_cap_bytes);
	cp_pages_free(d, sizeof(*d));
}
