// SPDX-License-Identifier: MIT
// Label sets: each distinct set is stored once, in one order, so that two samples have the same labels
// exactly when they have the same index.
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "tool/profile/samples.h"

enum { FIRST_SET_SLOTS = 64 };

/* String labels before numeric ones, then by key. */
static int compare_labels(const struct profile *p, const struct label *a, const struct label *b)
{
	if (a->is_num != b->is_num)
		return a->is_num - b->is_num;
	return a->key == b->key ? 0 : str_cmp(profile_str(p, a->key), profile_str(p, b->key));
}

/* Insertion sort, for it is stable and sets are small; a huge one goes through merge halves. */
static void sort_labels(const struct profile *p, struct label *labels, uint32_t n)
{
	if (n > 32) {
		uint32_t half = n / 2;
		sort_labels(p, labels, half);
		sort_labels(p, labels + half, n - half);
		struct label *left = mem_resize(NULL, half, sizeof(*left));
		memcpy(left, labels, half * sizeof(*left));
		uint32_t l = 0, r = half, to = 0;
		while (l < half) {
			bool take_right = r < n && compare_labels(p, &labels[r], &left[l]) < 0;
			labels[to++] = take_right ? labels[r++] : left[l++];
		}
		free(left);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		struct label label = labels[i];
		uint32_t at = i;
		for (; at > 0 && compare_labels(p, &label, &labels[at - 1]) < 0; at--)
			labels[at] = labels[at - 1];
		labels[at] = label;
	}
}

static uint64_t hash_labels(const struct label *labels, uint32_t n)
{
	uint64_t h = n;
	for (uint32_t i = 0; i < n; i++) {
		h = hash_mix(h, (uint64_t)labels[i].key << 32 | labels[i].str);
		h = hash_mix(h, (uint64_t)labels[i].num);
		h = hash_mix(h, (uint64_t)labels[i].unit << 1 | labels[i].is_num);
	}
	return h;
}

static bool same_labels(const struct label *a, const struct label *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (a[i].key != b[i].key || a[i].str != b[i].str || a[i].num != b[i].num ||
				a[i].unit != b[i].unit || a[i].is_num != b[i].is_num)
			return false;
	}
	return true;
}

static uint32_t set_slot(const struct profile *p, const struct label *labels, uint32_t n)
{
	uint32_t mask = p->label_set_index_cap - 1;
	uint32_t at = (uint32_t)hash_labels(labels, n) & mask;
	for (;; at = (at + 1) & mask) {
		uint32_t set = p->label_set_index[at];
		if (!set || (p->label_sets[set].n == n &&
				same_labels(p->labels + p->label_sets[set].begin, labels, n)))
			return at;
	}
}

static void grow_set_index(struct profile *p)
{
	free(p->label_set_index);
	p->label_set_index_cap = p->label_set_index_cap ? p->label_set_index_cap * 2 : FIRST_SET_SLOTS;
	p->label_set_index = mem_zeroed(p->label_set_index_cap, sizeof(*p->label_set_index));
	for (uint32_t i = 1; i < p->nlabel_sets; i++) {
		struct label_set set = p->label_sets[i];
		p->label_set_index[set_slot(p, p->labels + set.begin, set.n)] = i;
	}
}

uint32_t profile_intern_labels(struct profile *p, struct label *labels, uint32_t n)
{
	if (!n)
		return 0;
	sort_labels(p, labels, n);
	if (p->label_set_index_cap) {
		uint32_t found = p->label_set_index[set_slot(p, labels, n)];
		if (found)
			return found;
	}
	profile_own(p, PROFILE_LABELS);
	if (p->nlabel_sets + 1 > p->label_set_index_cap / 2)
		grow_set_index(p);
	uint32_t at = set_slot(p, labels, n);
	p->labels = mem_grow(p->labels, &p->labels_cap, p->nlabels + n, sizeof(*labels));
	memcpy(p->labels + p->nlabels, labels, n * sizeof(*labels));
	p->label_sets = mem_grow(p->label_sets, &p->label_sets_cap, p->nlabel_sets + 1,
			sizeof(*p->label_sets));
	p->label_sets[p->nlabel_sets] = (struct label_set){p->nlabels, n};
	p->nlabels += n;
	p->label_set_index[at] = p->nlabel_sets;
	return p->nlabel_sets++;
}

bool profile_set_has_label(const struct profile *p, uint32_t label_set, strid key, strid value)
{
	struct label_set set = p->label_sets[label_set];
	for (uint32_t i = set.begin; i < set.begin + set.n; i++) {
		if (!p->labels[i].is_num && p->labels[i].key == key && p->labels[i].str == value)
			return true;
	}
	return false;
}

void labels_edit(struct profile *p, bool (*keep)(void *arg, const struct label *label), void *arg,
		const struct label *added)
{
	uint32_t nold = p->nlabel_sets, longest = 0;
	for (uint32_t i = 0; i < nold; i++)
		longest = p->label_sets[i].n > longest ? p->label_sets[i].n : longest;
	struct label *labels = mem_resize(NULL, longest + 1, sizeof(*labels));
	uint32_t *edited = mem_resize(NULL, nold, sizeof(*edited));
	bool changed = false;
	for (uint32_t i = 0; i < nold; i++) {
		struct label_set set = p->label_sets[i];
		uint32_t n = 0;
		for (uint32_t j = set.begin; j < set.begin + set.n; j++) {
			if (keep(arg, &p->labels[j]))
				labels[n++] = p->labels[j];
		}
		if (added)
			labels[n++] = *added;
		edited[i] = n == set.n && !added ? i : profile_intern_labels(p, labels, n);
		changed |= edited[i] != i;
	}
	if (changed && (p->sample_labels || edited[0])) {
		uint32_t *sample_labels = samples_own_labels(p);
		for (uint32_t i = 0; i < p->nsamples; i++)
			sample_labels[i] = edited[sample_labels[i]];
	}
	free(labels);
	free(edited);
}

static bool is_other_key(void *arg, const struct label *label)
{
	return label->is_num || label->key != *(strid *)arg;
}

void profile_set_label(struct profile *p, struct str key, struct str value)
{
	struct label added = {.key = profile_intern(p, key), .str = profile_intern(p, value)};
	labels_edit(p, is_other_key, &added.key, &added);
}

void profile_remove_label(struct profile *p, struct str key)
{
	strid id = profile_find_string(p, key);
	if (id != NO_INDEX)
		labels_edit(p, is_other_key, &id, NULL);
}
