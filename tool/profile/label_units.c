// SPDX-License-Identifier: MIT
// The unit of each numeric label key: the first that comes with it; other units are told of, not used.
#include "base/idmap.h"
#include "tool/profile/filter.h"
#include "tool/profile/memo.h"

struct collected {
	struct profile *p;
	struct label_units units;
	struct idmap of_key;  // key -> index in units
	struct idmap ignored; // key and unit, as one number
};

static void add_ignored(struct collected *c, struct label_unit *u, strid unit)
{
	uint64_t pair = (uint64_t)u->key << 32 | unit;
	if (idmap_get(&c->ignored, pair) != IDMAP_NONE)
		return;
	idmap_set(&c->ignored, pair, 0);
	size_t size = u->nignored * sizeof(strid);
	u->ignored = arena_grow(&c->p->arena, u->ignored, size, size + sizeof(strid), _Alignof(strid));
	u->ignored[u->nignored++] = unit;
}

static void add_label(struct collected *c, const struct label *l)
{
	uint32_t at = idmap_get(&c->of_key, l->key);
	if (at == IDMAP_NONE) {
		at = c->units.n++;
		idmap_set(&c->of_key, l->key, at);
		c->units.items[at] = (struct label_unit){.key = l->key};
	}
	struct label_unit *u = &c->units.items[at];
	if (!u->unit)
		u->unit = l->unit;
	else if (l->unit && l->unit != u->unit)
		add_ignored(c, u, l->unit);
}

/* How many keys there can be. */
static uint32_t count_keys(const struct profile *p)
{
	uint8_t *seen = mem_zeroed(p->nstrings, 1);
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->nlabels; i++) {
		n += !seen[p->labels[i].key];
		seen[p->labels[i].key] = 1;
	}
	free(seen);
	return n;
}

static int compare_strids(const void *a, const void *b, void *profile)
{
	return str_cmp(profile_str(profile, *(const strid *)a), profile_str(profile, *(const strid *)b));
}

static int compare_keys(const void *a, const void *b, void *profile)
{
	return compare_strids(&((const struct label_unit *)a)->key, &((const struct label_unit *)b)->key, profile);
}

struct label_units profile_label_units(struct profile *p)
{
	struct collected c = {.p = p};
	uint8_t *seen = mem_zeroed(p->nlabel_sets, 1);
	c.units.items = arena_array(&p->arena, struct label_unit, count_keys(p));
	idmap_init(&c.of_key, 0);
	idmap_init(&c.ignored, 0);
	for (uint32_t i = 0; p->sample_labels && i < p->nsamples; i++) {
		uint32_t labels = p->sample_labels[i];
		if (seen[labels])
			continue;
		struct label_set set = p->label_sets[labels];
		for (uint32_t j = set.begin; j < set.begin + set.n; j++) {
			if (p->labels[j].is_num)
				add_label(&c, &p->labels[j]);
		}
		seen[labels] = 1;
	}
	free(seen);
	idmap_deinit(&c.of_key);
	idmap_deinit(&c.ignored);
	for (uint32_t i = 0; i < c.units.n; i++) {
		struct label_unit *u = &c.units.items[i];
		struct str key = profile_str(p, u->key);
		bool is_size = str_eq(key, STR("alignment")) || str_eq(key, STR("request"));
		if (!u->unit)
			u->unit = is_size ? profile_intern(p, STR("bytes")) : u->key;
		if (u->nignored)
			qsort_r(u->ignored, u->nignored, sizeof(strid), compare_strids, p);
	}
	if (c.units.n)
		qsort_r(c.units.items, c.units.n, sizeof(struct label_unit), compare_keys, p);
	return c.units;
}

struct str label_units_get(const struct profile *p, const struct label_units *units, struct str key)
{
	for (uint32_t i = 0; i < units->n; i++) {
		if (str_eq(profile_str(p, units->items[i].key), key))
			return profile_str(p, units->items[i].unit);
	}
	return STR("");
}
