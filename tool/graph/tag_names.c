// SPDX-License-Identifier: MIT
// See tag_names.h.
#include "tool/graph/tag_names.h"

#include <stdlib.h>

#include "base/hash.h"
#include "tool/measurement/measurement.h"

struct tag_names tag_names_create(struct graph *g, struct arena *a)
{
	return (struct tag_names){.arena = a, .g = g, .base = profile_find_string(g->profile, STR("pprof::base")),
			.joined = arena_array(a, strid, g->profile->nlabel_sets)};
}

void tag_names_deinit(struct tag_names *names)
{
	hash_index_deinit(&names->set_index);
	hash_index_deinit(&names->number_index);
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

// The picture's language takes the name as it is, for "\\n" stands between labels; a quote or backslash of a label
// itself would end the string there, and dot refuses the picture.
static void put_escaped(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, s.ptr[i]);
	}
}

static strid join(struct tag_names *names, struct label_set set)
{
	struct profile *p = names->g->profile;
	struct str *parts = arena_array(names->arena, struct str, set.n);
	uint32_t n = 0;
	for (uint32_t i = 0; i < set.n; i++) {
		const struct label *l = &p->labels[set.begin + i];
		if (l->is_num || l->key == names->base)
			continue;
		struct str key = profile_str(p, l->key), value = profile_str(p, l->str);
		char *part = arena_alloc(names->arena, key.len + 1 + value.len, 1);
		memcpy(part, key.ptr, key.len);
		part[key.len] = ':';
		memcpy(part + key.len + 1, value.ptr, value.len);
		parts[n++] = (struct str){part, key.len + 1 + value.len};
	}
	qsort(parts, n, sizeof(parts[0]), by_bytes);
	struct buf b = {0};
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			buf_cstr(&b, "\\n");
		put_escaped(parts[i], &b);
	}
	strid joined = profile_intern(p, (struct str){b.ptr, b.len});
	buf_deinit(&b);
	return joined;
}

// String labels stand in front of numeric ones.
static uint64_t hash_strings(const struct profile *p, struct label_set set)
{
	uint64_t h = 0;
	for (const struct label *l = &p->labels[set.begin]; set.n && !l->is_num; l++, set.n--)
		h = hash_mix(h, (uint64_t)l->key << 32 | l->str);
	return h;
}

static bool have_equal_strings(const struct profile *p, struct label_set a, struct label_set b)
{
	for (uint32_t i = 0;; i++) {
		const struct label *x = i < a.n ? &p->labels[a.begin + i] : NULL;
		const struct label *y = i < b.n ? &p->labels[b.begin + i] : NULL;
		bool x_ends = !x || x->is_num, y_ends = !y || y->is_num;
		if (x_ends || y_ends)
			return x_ends && y_ends;
		if (x->key != y->key || x->str != y->str)
			return false;
	}
}

strid tag_names_join(struct tag_names *names, uint32_t set)
{
	const struct profile *p = names->g->profile;
	uint64_t hash = hash_strings(p, p->label_sets[set]);
	struct hash_probe probe = hash_index_probe(&names->set_index, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (have_equal_strings(p, p->label_sets[i], p->label_sets[set]))
			return names->joined[i];
	hash_index_add(&names->set_index, hash, set);
	return names->joined[set] = join(names, p->label_sets[set]);
}

strid tag_names_number(struct tag_names *names, int64_t value)
{
	uint64_t hash = hash_u64((uint64_t)value);
	struct hash_probe probe = hash_index_probe(&names->number_index, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (names->numbers[i].value == value)
			return names->numbers[i].name;
	const struct graph_options *o = &names->g->options;
	char text[MEASUREMENT_LABEL_BYTES];
	size_t len = measurement_format(text, value, o->bytes_unit, o->output_unit);
	names->numbers = arena_make_room(names->arena, names->numbers, names->nnumbers, &names->numbers_cap,
			sizeof(*names->numbers));
	strid name = profile_intern(names->g->profile, (struct str){text, len});
	hash_index_add(&names->number_index, hash, names->nnumbers);
	names->numbers[names->nnumbers++] = (struct tag_number){value, name};
	return name;
}
