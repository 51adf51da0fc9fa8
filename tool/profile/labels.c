// SPDX-License-Identifier: MIT
// Label sets: each distinct set is stored once, in one order, so that two samples have the same labels
// exactly when they have the same index.
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "tool/profile/samples.h"

/* String labels before numeric ones, then by key. */
static int compare_labels(const struct profile *p, const struct label *a, const struct label *b)
{
	if (a->is_num != b->is_num)
		return (int)a->is_num - (int)b->is_num;
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
		h = hash_mix(h, (uint64_t)labels[i].num << 1 | labels[i].is_num);
	}
	return h;
}

static bool same_labels(const struct label *a, const struct label *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (a[i].key != b[i].key || a[i].is_num != b[i].is_num || a[i].str != b[i].str || a[i].num != b[i].num)
			return false;
	}
	return true;
}

uint32_t profile_intern_labels(struct profile *p, struct label *labels, uint32_t n)
{
	if (!n)
		return 0;
	sort_labels(p, labels, n);
	uint64_t hash = hash_labels(labels, n);
	struct hash_probe probe = hash_index_probe(&p->label_set_index, hash);
	uint32_t found;
	while ((found = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		struct label_set set = p->label_sets[found];
		if (set.n == n && same_labels(p->labels + set.begin, labels, n))
			return found;
	}
	profile_own(p, PROFILE_LABELS);
	p->labels = mem_grow(p->labels, &p->labels_cap, p->nlabels + n, sizeof(*labels));
	memcpy(p->labels + p->nlabels, labels, n * sizeof(*labels));
	p->label_sets = mem_grow(p->label_sets, &p->label_sets_cap, p->nlabel_sets + 1,
			sizeof(*p->label_sets));
	p->label_sets[p->nlabel_sets] = (struct label_set){p->nlabels, n};
	p->nlabels += n;
	hash_index_add(&p->label_set_index, hash, p->nlabel_sets);
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

/** By set: has any sample it? Filters leave the sets of what they dropped. */
static bool *used_sets(const struct profile *p)
{
	bool *is_used = mem_zeroed(p->nlabel_sets, sizeof(*is_used));
	for (uint32_t i = 0; i < p->nsamples; i++)
		is_used[profile_label_set(p, i)] = true;
	return is_used;
}

void labels_edit(struct profile *p, bool (*keep)(void *arg, const struct label *label), void *arg,
		const struct label *added)
{
	uint32_t nold = p->nlabel_sets, longest = 0;
	for (uint32_t i = 0; i < nold; i++)
		longest = p->label_sets[i].n > longest ? p->label_sets[i].n : longest;
	struct label *labels = mem_resize(NULL, longest + 1, sizeof(*labels));
	uint32_t *edited = mem_resize(NULL, nold, sizeof(*edited));
	bool changed = false, *is_used = used_sets(p);
	for (uint32_t i = 0; i < nold; i++) {
		edited[i] = i;
		if (!is_used[i])
			continue;
		struct label_set set = p->label_sets[i];
		uint32_t n = 0;
		for (uint32_t j = set.begin; j < set.begin + set.n; j++) {
			if (keep(arg, &p->labels[j]))
				labels[n++] = p->labels[j];
		}
		if (added)
			labels[n++] = *added;
		if (n != set.n || added)
			edited[i] = profile_intern_labels(p, labels, n);
		changed |= edited[i] != i;
	}
	if (changed && (p->sample_labels || edited[0])) {
		uint32_t *sample_labels = samples_own_labels(p);
		for (uint32_t i = 0; i < p->nsamples; i++)
			sample_labels[i] = edited[sample_labels[i]];
	}
	free(labels);
	free(edited);
	free(is_used);
}

static bool is_other_key(void *arg, const struct label *label)
{
	return label->is_num || label->key != *(strid *)arg;
}

void profile_set_label(struct profile *p, struct str key, struct str value)
{
	strid id = profile_intern(p, key);
	struct label added = {.key = id, .str = profile_intern(p, value)};
	labels_edit(p, is_other_key, &id, &added);
}

void profile_remove_label(struct profile *p, struct str key)
{
	strid id = profile_find_string(p, key);
	if (id != NO_INDEX)
		labels_edit(p, is_other_key, &id, NULL);
}
