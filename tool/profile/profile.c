// SPDX-License-Identifier: MIT
// The life of struct profile: create, view, append, destroy. Arrays are malloc'ed and double; the stack
// column comes from pages of its own (base/mem.h), for it outweighs all the rest.
#include "tool/profile/profile.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "tool/profile/hide.h"
#include "tool/profile/samples.h"

struct profile *profile_create(void)
{
	struct profile *p = mem_zeroed(1, sizeof(*p));
	p->strings = mem_grow(NULL, &p->strings_cap, 64, sizeof(*p->strings));
	p->strings[0] = STR("");
	p->nstrings = 1;
	p->label_sets = mem_grow(NULL, &p->label_sets_cap, 1, sizeof(*p->label_sets));
	p->label_sets[0] = (struct label_set){0};
	p->nlabel_sets = 1;
	// So that an empty range of these is a pointer, too.
	p->labels = mem_grow(NULL, &p->labels_cap, 1, sizeof(*p->labels));
	p->lines = mem_grow(NULL, &p->lines_cap, 1, sizeof(*p->lines));
	return p;
}

void profile_destroy(struct profile *p)
{
	if (!p)
		return;
	if (!(p->borrowed & PROFILE_STRINGS)) {
		free(p->strings);
		hash_index_deinit(&p->string_index);
	}
	if (!(p->borrowed & PROFILE_SAMPLES)) {
		free(p->values);
		free(p->loc_begin);
		free(p->loc_end);
		free(p->sample_labels);
	}
	free(p->kept);
	hidden_places_free(p->hidden);
	samples_free_locs(p);
	if (!(p->borrowed & PROFILE_LABELS)) {
		free(p->label_sets);
		free(p->labels);
		hash_index_deinit(&p->label_set_index);
	}
	free(p->sample_types);
	if (!(p->borrowed & PROFILE_PLACES)) {
		free(p->locations);
		free(p->lines);
		free(p->functions);
	}
	free(p->mappings);
	free(p->comments);
	arena_deinit(&p->arena);
	free(p);
}

static void *copy_array(const void *array, size_t n, size_t size)
{
	void *copy = mem_resize(NULL, n, size);
	if (n)
		memcpy(copy, array, n * size);
	return copy;
}

struct profile *profile_view(const struct profile *base)
{
	struct profile *p = copy_array(base, 1, sizeof(*base));
	arena_init(&p->arena);
	p->kept = NULL;
	p->hidden = NULL;
	p->borrowed = PROFILE_STRINGS | PROFILE_SAMPLES | PROFILE_LOCS | PROFILE_LABELS | PROFILE_PLACES;
	p->sample_types = copy_array(base->sample_types, base->nsample_types, sizeof(*p->sample_types));
	p->mappings = copy_array(base->mappings, base->nmappings, sizeof(*p->mappings));
	p->comments = copy_array(base->comments, base->ncomments, sizeof(*p->comments));
	p->mappings_cap = p->nmappings;
	p->comments_cap = p->ncomments;
	return p;
}

static void own_samples(struct profile *p)
{
	p->values = copy_array(p->values, (size_t)p->nsamples * p->nsample_types, sizeof(*p->values));
	p->loc_begin = copy_array(p->loc_begin, p->nsamples, sizeof(*p->loc_begin));
	p->loc_end = copy_array(p->loc_end, p->nsamples, sizeof(*p->loc_end));
	if (p->sample_labels)
		p->sample_labels = copy_array(p->sample_labels, p->nsamples, sizeof(*p->sample_labels));
	p->samples_cap = p->nsamples;
}

static void own_locs(struct profile *p)
{
	size_t bytes = p->nlocs * sizeof(*p->locs);
	uint32_t *locs = pages_reserve(bytes);
	if (!locs)
		locs = mem_resize(NULL, SIZE_MAX, 2); // says so and ends
	for (size_t i = 0; p->narrow_locs && i < p->nlocs; i++)
		locs[i] = p->narrow_locs[i];
	if (!p->narrow_locs && bytes)
		memcpy(locs, p->locs, bytes);
	samples_set_locs(p, locs, p->nlocs, p->nlocs);
}

static void own_places(struct profile *p)
{
	p->locations = copy_array(p->locations, p->nlocations, sizeof(*p->locations));
	p->lines = copy_array(p->lines, p->nlines, sizeof(*p->lines));
	p->functions = copy_array(p->functions, p->nfunctions, sizeof(*p->functions));
	p->locations_cap = p->nlocations;
	p->lines_cap = p->nlines;
	p->functions_cap = p->nfunctions;
}

void profile_borrow_places(struct profile *p, const struct profile *from)
{
	p->locations = from->locations;
	p->lines = from->lines;
	p->functions = from->functions;
	memcpy(p->mappings, from->mappings, p->nmappings * sizeof(*p->mappings));
}

void profile_own(struct profile *p, unsigned parts)
{
	if (parts & (PROFILE_SAMPLES | PROFILE_LOCS)) {
		free(p->kept); // who asks is about to change them
		p->kept = NULL;
	}
	if (parts & PROFILE_LOCS && (p->borrowed & PROFILE_LOCS || p->narrow_locs))
		own_locs(p);
	parts &= p->borrowed;
	p->borrowed &= ~parts;
	if (parts & PROFILE_STRINGS) {
		p->strings = copy_array(p->strings, p->nstrings, sizeof(*p->strings));
		p->strings_cap = p->nstrings;
		hash_index_own(&p->string_index);
	}
	if (parts & PROFILE_SAMPLES)
		own_samples(p);
	if (parts & PROFILE_PLACES)
		own_places(p);
	if (parts & PROFILE_LABELS) {
		p->label_sets = copy_array(p->label_sets, p->nlabel_sets, sizeof(*p->label_sets));
		p->label_sets_cap = p->nlabel_sets;
		p->labels = copy_array(p->labels, p->nlabels, sizeof(*p->labels));
		p->labels_cap = p->nlabels;
		hash_index_own(&p->label_set_index);
	}
}

static strid find_string(const struct profile *p, struct str s, uint64_t hash)
{
	struct hash_probe probe = hash_index_probe(&p->string_index, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		if (str_eq(p->strings[i], s))
			return i;
	}
	return NO_INDEX;
}

strid profile_intern(struct profile *p, struct str s)
{
	if (!s.len)
		return 0;
	uint64_t hash = hash_bytes(s.ptr, s.len);
	strid found = find_string(p, s, hash);
	if (found != NO_INDEX)
		return found;
	profile_own(p, PROFILE_STRINGS);
	p->strings = mem_grow(p->strings, &p->strings_cap, p->nstrings + 1, sizeof(*p->strings));
	p->strings[p->nstrings] = (struct str){arena_strndup(&p->arena, s.ptr, s.len), s.len};
	hash_index_add(&p->string_index, hash, p->nstrings);
	return p->nstrings++;
}

strid profile_find_string(const struct profile *p, struct str s)
{
	return s.len ? find_string(p, s, hash_bytes(s.ptr, s.len)) : 0;
}

uint32_t profile_add_mapping(struct profile *p, struct mapping m)
{
	p->mappings = mem_grow(p->mappings, &p->mappings_cap, p->nmappings + 1, sizeof(m));
	p->mappings[p->nmappings] = m;
	return p->nmappings++;
}

uint32_t profile_add_function(struct profile *p, struct function f)
{
	profile_own(p, PROFILE_PLACES);
	p->functions = mem_grow(p->functions, &p->functions_cap, p->nfunctions + 1, sizeof(f));
	p->functions[p->nfunctions] = f;
	return p->nfunctions++;
}

uint32_t profile_add_location(struct profile *p, struct location l, const struct line *lines,
		uint32_t nlines)
{
	profile_own(p, PROFILE_PLACES);
	l.line_begin = p->nlines;
	l.nlines = nlines;
	if (nlines) {
		p->lines = mem_grow(p->lines, &p->lines_cap, p->nlines + nlines, sizeof(*lines));
		memcpy(p->lines + p->nlines, lines, nlines * sizeof(*lines));
		p->nlines += nlines;
	}
	p->locations = mem_grow(p->locations, &p->locations_cap, p->nlocations + 1, sizeof(l));
	p->locations[p->nlocations] = l;
	return p->nlocations++;
}

uint32_t profile_add_marker(struct profile *p, struct str name)
{
	struct function f = {.id = p->nfunctions + 1, .name = profile_intern(p, name)};
	struct line line = {.function = profile_add_function(p, f)};
	struct location l = {.id = p->nlocations + 1, .mapping = NO_INDEX};
	return profile_add_location(p, l, &line, 1);
}

void profile_put_mapping_first(struct profile *p, uint32_t mapping)
{
	struct mapping first = p->mappings[0];
	profile_own(p, PROFILE_PLACES);
	p->mappings[0] = p->mappings[mapping];
	p->mappings[mapping] = first;
	p->mappings[0].id = 1;
	p->mappings[mapping].id = mapping + 1;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		uint32_t *m = &p->locations[i].mapping;
		*m = *m == 0 ? mapping : *m == mapping ? 0 : *m;
	}
}

void profile_add_comment(struct profile *p, struct str comment)
{
	p->comments = mem_grow(p->comments, &p->comments_cap, p->ncomments + 1, sizeof(*p->comments));
	p->comments[p->ncomments++] = profile_intern(p, comment);
}

void profile_set_sample_types(struct profile *p, const struct value_type *types, uint32_t n)
{
	struct value_type *copy = copy_array(types, n, sizeof(*types));
	free(p->sample_types);
	p->sample_types = copy;
	p->nsample_types = n;
}

bool mapping_is_unsymbolizable(const struct profile *p, const struct mapping *m)
{
	struct str file = profile_str(p, m->file), name = file;
	const char *slash = file.len ? memrchr(file.ptr, '/', file.len) : NULL;
	if (slash)
		name = str_slice(file, (size_t)(slash + 1 - file.ptr), file.len);
	return str_has_prefix(name, STR("[")) || str_has_prefix(name, STR("linux-vdso")) ||
			str_has_prefix(file, STR("/dev/dri/")) || str_eq(file, STR("//anon")) ||
			str_has_prefix(file, STR("/memfd:"));
}
