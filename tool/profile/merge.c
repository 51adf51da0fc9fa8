// SPDX-License-Identifier: MIT
// Merging: what is equal in pprof's eyes (same function, same place in the same binary, same stack and
// labels) becomes one. Entries get their index, and with it their id, when a sample first needs them.
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "tool/profile/combine.h"
#include "tool/profile/merge.h"
#include "tool/profile/samples.h"

enum { PAGE_ROUNDING = 4096 };

struct merger {
	struct profile *to;
	struct hash_index mappings, functions, locations, samples;
	// Of the source at hand: its index -> ours, NO_INDEX until needed.
	const struct profile *from;
	strid *strings;
	uint32_t *mapping_of, *function_of, *location_of, *labels_of;
	int64_t *shift_of; // of mappings: what addresses move by
	struct label *labels; // room for the largest set
};

static strid map_string(struct merger *m, strid id)
{
	if (m->strings[id] == NO_INDEX)
		m->strings[id] = profile_intern(m->to, profile_str(m->from, id));
	return m->strings[id];
}

static uint64_t rounded_size(const struct mapping *m)
{
	return (m->limit - m->start + PAGE_ROUNDING - 1) / PAGE_ROUNDING;
}

static strid mapping_name(const struct mapping *m)
{
	return m->build_id ? m->build_id : m->file;
}

static uint32_t add_mapping(struct merger *m, struct mapping mapping)
{
	struct profile *to = m->to;
	uint64_t hash = hash_mix(hash_mix(rounded_size(&mapping), mapping.offset), mapping_name(&mapping));
	struct hash_probe probe = hash_index_probe(&m->mappings, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		const struct mapping *known = &to->mappings[i];
		if (rounded_size(known) == rounded_size(&mapping) && known->offset == mapping.offset &&
				mapping_name(known) == mapping_name(&mapping))
			return i;
	}
	mapping.id = to->nmappings + 1;
	hash_index_add(&m->mappings, hash, to->nmappings);
	return profile_add_mapping(to, mapping);
}

static uint32_t map_mapping(struct merger *m, uint32_t i)
{
	if (i == NO_INDEX || m->mapping_of[i] != NO_INDEX)
		return i == NO_INDEX ? NO_INDEX : m->mapping_of[i];
	struct mapping mapping = m->from->mappings[i];
	mapping.file = map_string(m, mapping.file);
	mapping.build_id = map_string(m, mapping.build_id);
	mapping.kernel_relocation_symbol = map_string(m, mapping.kernel_relocation_symbol);
	uint32_t mapped = add_mapping(m, mapping);
	m->shift_of[i] = (int64_t)(m->to->mappings[mapped].start - mapping.start);
	return m->mapping_of[i] = mapped;
}

static bool same_function(const struct function *a, const struct function *b)
{
	return a->start_line == b->start_line && a->name == b->name && a->system_name == b->system_name &&
			a->filename == b->filename;
}

static uint32_t map_function(struct merger *m, uint32_t i)
{
	if (i == NO_INDEX || m->function_of[i] != NO_INDEX)
		return i == NO_INDEX ? NO_INDEX : m->function_of[i];
	struct profile *to = m->to;
	struct function f = m->from->functions[i];
	f.name = map_string(m, f.name);
	f.system_name = map_string(m, f.system_name);
	f.filename = map_string(m, f.filename);
	uint64_t hash = hash_mix((uint64_t)f.name << 32 | f.system_name,
			hash_mix((uint64_t)f.start_line, f.filename));
	struct hash_probe probe = hash_index_probe(&m->functions, hash);
	uint32_t found;
	while ((found = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		if (same_function(&to->functions[found], &f))
			return m->function_of[i] = found;
	}
	f.id = to->nfunctions + 1;
	hash_index_add(&m->functions, hash, to->nfunctions);
	return m->function_of[i] = profile_add_function(to, f);
}

/*
 * What stands for line i's function in a location's identity. pprof writes three numbers a line but
 * steps by two, so that a column only counts where no next line's function overwrites it.
 */
static uint64_t line_identity(const struct line *lines, uint32_t i)
{
	if (lines[i].function != NO_INDEX)
		return (uint64_t)lines[i].function + 1;
	return i ? (uint64_t)lines[i - 1].column : UINT64_MAX;
}

static bool same_lines(const struct line *a, const struct line *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (line_identity(a, i) != line_identity(b, i) || a[i].line != b[i].line)
			return false;
	}
	return !n || a[n - 1].column == b[n - 1].column;
}

static uint64_t hash_lines(const struct line *lines, uint32_t n)
{
	uint64_t hash = n;
	for (uint32_t i = 0; i < n; i++)
		hash = hash_mix(hash, hash_mix(line_identity(lines, i), (uint64_t)lines[i].line));
	return hash;
}

/* An address as an offset in its mapping: binaries lie elsewhere in every process. */
static uint64_t relative_address(const struct profile *p, const struct location *l)
{
	return l->mapping == NO_INDEX ? l->address : l->address - p->mappings[l->mapping].start;
}

static uint32_t add_location(struct merger *m, struct location l, const struct line *lines, uint32_t n)
{
	struct profile *to = m->to;
	uint64_t address = relative_address(to, &l);
	uint64_t hash = hash_mix(hash_mix(address, (uint64_t)l.mapping << 1 | l.is_folded),
			hash_lines(lines, n));
	struct hash_probe probe = hash_index_probe(&m->locations, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		const struct location *known = &to->locations[i];
		if (known->mapping == l.mapping && known->nlines == n && known->is_folded == l.is_folded &&
				relative_address(to, known) == address &&
				same_lines(to->lines + known->line_begin, lines, n))
			return i;
	}
	l.id = to->nlocations + 1;
	hash_index_add(&m->locations, hash, to->nlocations);
	return profile_add_location(to, l, lines, n);
}

static uint32_t map_location(struct merger *m, uint32_t i)
{
	struct location l = m->from->locations[i];
	struct line few[8], *lines = few;
	if (l.nlines > sizeof(few) / sizeof(*few))
		lines = mem_resize(NULL, l.nlines, sizeof(*lines));
	uint32_t source = l.mapping;
	l.mapping = map_mapping(m, source);
	if (source != NO_INDEX)
		l.address += (uint64_t)m->shift_of[source];
	for (uint32_t j = 0; j < l.nlines; j++) {
		lines[j] = m->from->lines[l.line_begin + j];
		lines[j].function = map_function(m, lines[j].function);
	}
	m->location_of[i] = add_location(m, l, lines, l.nlines);
	if (lines != few)
		free(lines);
	return m->location_of[i];
}

static uint32_t map_labels(struct merger *m, uint32_t set)
{
	if (m->labels_of[set] != NO_INDEX)
		return m->labels_of[set];
	struct label_set from = m->from->label_sets[set];
	for (uint32_t i = 0; i < from.n; i++) {
		struct label l = m->from->labels[from.begin + i];
		l.key = map_string(m, l.key);
		l.str = map_string(m, l.str); // or its unit
		m->labels[i] = l;
	}
	return m->labels_of[set] = profile_intern_labels(m->to, m->labels, from.n);
}

static bool is_zero(const struct profile *p, uint32_t sample)
{
	const int64_t *values = profile_values(p, sample);
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		if (values[i])
			return false;
	}
	return true;
}

/* Two chains, for one would wait for its multiplications. */
static uint64_t hash_stack(const uint32_t *locs, uint32_t n, uint32_t labels)
{
	uint64_t even = (uint64_t)n << 32 | labels, odd = n, pairs[2];
	for (; n >= 4; n -= 4, locs += 4) {
		memcpy(pairs, locs, sizeof(pairs));
		even = hash_mix(even, pairs[0]);
		odd = hash_mix(odd, pairs[1]);
	}
	for (; n; n--)
		even = hash_mix(even, *locs++);
	return hash_mix(even, odd);
}

// A sample of the batch at hand, mapped and not yet merged.
struct incoming {
	uint32_t sample, labels;
	uint64_t hash;
	size_t begin; // of its stack, in the column
	uint32_t depth;
};

/* Writes the sample's stack behind what is in the column, where it will about stay if it is new. */
static void map_sample(struct merger *m, uint32_t sample, size_t begin, struct incoming *in)
{
	struct stack stack = profile_stack(m->from, sample);
	samples_reserve_locs(m->to, begin + stack.n - m->to->nlocs);
	uint32_t *locs = m->to->locs + begin;
	for (uint32_t i = 0; i < stack.n; i++) {
		uint32_t known = m->location_of[stack_loc(stack, i)];
		locs[i] = known != NO_INDEX ? known : map_location(m, stack_loc(stack, i));
	}
	uint32_t labels = map_labels(m, profile_label_set(m->from, sample));
	*in = (struct incoming){sample, labels, hash_stack(locs, stack.n, labels), begin, stack.n};
	hash_index_prefetch(&m->samples, in->hash);
}

static void add_values(struct profile *to, uint32_t sample, const int64_t *values)
{
	for (uint32_t t = 0; t < to->nsample_types; t++) {
		int64_t *sum = &to->values[(size_t)sample * to->nsample_types + t];
		*sum = (int64_t)((uint64_t)*sum + (uint64_t)values[t]);
	}
}

static void add_sample(struct merger *m, const struct incoming *in)
{
	struct profile *to = m->to;
	const int64_t *values = profile_values(m->from, in->sample);
	const uint32_t *locs = to->locs + in->begin;
	struct hash_probe probe = hash_index_probe(&m->samples, in->hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		struct stack known = profile_stack(to, i);
		if (known.n == in->depth && profile_label_set(to, i) == in->labels &&
				!memcmp(known.locs, locs, in->depth * sizeof(*locs))) {
			add_values(to, i, values);
			return;
		}
	}
	hash_index_add(&m->samples, in->hash, to->nsamples);
	profile_add_sample(to, locs, in->depth, values, in->labels);
}

/* In batches, so that the index's memory is there when it is read. */
static void merge_samples(struct merger *m)
{
	enum { BATCH = 32 };
	struct incoming batch[BATCH];
	uint32_t sample = 0;
	while (sample < m->from->nsamples) {
		uint32_t n = 0;
		size_t end = m->to->nlocs;
		for (; sample < m->from->nsamples && n < BATCH; sample++) {
			if (is_zero(m->from, sample))
				continue;
			map_sample(m, sample, end, &batch[n]);
			end += batch[n++].depth;
		}
		for (uint32_t i = 0; i < n; i++)
			add_sample(m, &batch[i]);
	}
}

static uint32_t *unmapped(uint32_t n)
{
	uint32_t *map = mem_resize(NULL, n, sizeof(*map));
	memset(map, 0xff, n * sizeof(*map));
	return map;
}

static void merge_source(struct merger *m, const struct profile *from)
{
	uint32_t longest = 0;
	for (uint32_t i = 0; i < from->nlabel_sets; i++)
		longest = from->label_sets[i].n > longest ? from->label_sets[i].n : longest;
	m->from = from;
	m->strings = unmapped(from->nstrings);
	m->mapping_of = unmapped(from->nmappings);
	m->shift_of = mem_zeroed(from->nmappings, sizeof(*m->shift_of));
	m->function_of = unmapped(from->nfunctions);
	m->location_of = unmapped(from->nlocations);
	m->labels_of = unmapped(from->nlabel_sets);
	m->labels = mem_resize(NULL, longest, sizeof(*m->labels));
	// The first mapping is the main binary and stays first, whatever the first sample is in.
	if (!m->to->nmappings && from->nmappings)
		map_mapping(m, 0);
	hash_index_reserve(&m->samples, m->to->nsamples + from->nsamples);
	merge_samples(m);
	free(m->strings);
	free(m->mapping_of);
	free(m->shift_of);
	free(m->function_of);
	free(m->location_of);
	free(m->labels_of);
	free(m->labels);
}

struct err *profile_merge(struct arena *a, struct profile **profiles, uint32_t n,
		struct profile **merged_out)
{
	struct merger m = {.to = profile_create()};
	struct err *err = combine_headers(a, profiles, n, m.to);
	for (uint32_t i = 0; i < n; i++) {
		if (!err)
			merge_source(&m, profiles[i]);
		profile_destroy(profiles[i]);
	}
	hash_index_deinit(&m.mappings);
	hash_index_deinit(&m.functions);
	hash_index_deinit(&m.locations);
	hash_index_deinit(&m.samples);
	if (err) {
		profile_destroy(m.to);
		return err;
	}
	bool has_zero = false;
	for (uint32_t i = 0; i < m.to->nsamples && !has_zero; i++)
		has_zero = is_zero(m.to, i);
	*merged_out = m.to;
	if (has_zero) // values that cancelled out: once more, without them and what only they used
		err = profile_merge(a, &m.to, 1, merged_out);
	return err;
}
