// SPDX-License-Identifier: MIT
// struct profile to profile.proto. The order of fields and of the string table is pprof's, so that the
// uncompressed bytes are the same. Lengths are computed before writing: nothing is moved afterwards.
#include "tool/profile/encode.h"

#include <stdlib.h>

#include "base/mem.h"
#include "format/pb.h"
#include "tool/profile/encode_batches.h"
#include "tool/profile/tokens.h"

enum { PACKED_FROM = 3, SAMPLES_A_BATCH = 128, ENTRIES_A_BATCH = 512 };

// The file's string table: strings in order of first use.
struct names {
	uint32_t *number; // [strid], NO_INDEX: not yet used
	strid *order;
	uint32_t n;
	uint64_t *ids;       // [location]: its id as a varint, a token
	uint32_t *set_bytes; // [label set]: what its labels take
};

static uint32_t use_string(struct names *names, strid id)
{
	if (names->number[id] == NO_INDEX) {
		names->number[id] = names->n;
		names->order[names->n++] = id;
	}
	return names->number[id];
}

static void collect_labels(struct names *names, const struct profile *p)
{
	uint8_t *seen = mem_zeroed(p->nlabel_sets, 1);
	for (uint32_t i = 0; p->sample_labels && i < p->nsamples; i++) {
		if (seen[p->sample_labels[i]])
			continue;
		seen[p->sample_labels[i]] = 1;
		struct label_set set = p->label_sets[p->sample_labels[i]];
		for (uint32_t j = set.begin; j < set.begin + set.n; j++) {
			const struct label *l = &p->labels[j];
			use_string(names, l->key);
			use_string(names, l->str); // or its unit
		}
	}
	free(seen);
}

static void collect_names(struct names *names, const struct profile *p)
{
	use_string(names, 0);
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		use_string(names, p->sample_types[i].type);
		use_string(names, p->sample_types[i].unit);
	}
	collect_labels(names, p);
	for (uint32_t i = 0; i < p->nmappings; i++) {
		use_string(names, p->mappings[i].file);
		use_string(names, p->mappings[i].build_id);
	}
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		use_string(names, p->functions[i].name);
		use_string(names, p->functions[i].system_name);
		use_string(names, p->functions[i].filename);
	}
	use_string(names, p->drop_frames);
	use_string(names, p->keep_frames);
	if (p->has_period_type) {
		use_string(names, p->period_type.type);
		use_string(names, p->period_type.unit);
	}
	for (uint32_t i = 0; i < p->ncomments; i++)
		use_string(names, p->comments[i]);
	use_string(names, p->default_sample_type);
	use_string(names, p->doc_url);
}

// Every field number here is below 16: its tag is one byte.
static size_t number_bytes(uint64_t v)
{
	return v ? 1 + pb_varint_bytes(v) : 0;
}

static uint8_t *put_number(uint8_t *at, unsigned field, uint64_t v)
{
	return v ? pb_put_varint(pb_put_tag(at, field, PB_VARINT), v) : at;
}

static uint8_t *put_head(uint8_t *at, unsigned field, size_t len)
{
	return pb_put_varint(pb_put_tag(at, field, PB_BYTES), len);
}

static size_t message_bytes(size_t len)
{
	return 1 + pb_varint_bytes(len) + len;
}

static uint8_t *reserve(struct buf *out, size_t bytes)
{
	buf_reserve(out, bytes);
	return (uint8_t *)out->ptr + out->len;
}

static void advance(struct buf *out, const uint8_t *end)
{
	out->len = (size_t)((const char *)end - out->ptr);
}

static void encode_value_type(const struct names *names, struct buf *out, unsigned field,
		const struct value_type *t)
{
	uint32_t type = names->number[t->type], unit = names->number[t->unit];
	uint8_t *at = reserve(out, 32);
	at = put_head(at, field, number_bytes(type) + number_bytes(unit));
	at = put_number(at, 1, type);
	advance(out, put_number(at, 2, unit));
}

static size_t label_bytes(const struct names *names, const struct label *l)
{
	return number_bytes(names->number[l->key]) + number_bytes(names->number[l->str]) +
			number_bytes((uint64_t)l->num);
}

static uint8_t *put_label(const struct names *names, uint8_t *at, const struct label *l)
{
	at = put_head(at, 3, label_bytes(names, l));
	at = put_number(at, 1, names->number[l->key]);
	at = put_number(at, 2, l->is_num ? 0 : names->number[l->str]);
	at = put_number(at, 3, (uint64_t)l->num);
	return put_number(at, 4, l->is_num ? names->number[l->unit] : 0);
}

static size_t locations_bytes(const struct names *names, const struct profile *p, struct stack stack)
{
	size_t bytes = 0;
	for (uint32_t i = 0; i < stack.n; i++) {
		uint32_t location = stack_loc(stack, i);
		uint64_t id = names->ids[location];
		bytes += id ? token_len(id) : pb_varint_bytes(p->locations[location].id);
	}
	return bytes;
}

/* Room for 8 bytes behind the last is needed. */
static uint8_t *put_location(const struct names *names, const struct profile *p, uint8_t *at, uint32_t i)
{
	uint64_t id = names->ids[i];
	return id ? (uint8_t *)token_put((char *)at, id) : pb_put_varint(at, p->locations[i].id);
}

static uint8_t *put_stack(const struct names *names, const struct profile *p, uint8_t *at, struct stack stack,
		size_t bytes)
{
	if (stack.n >= PACKED_FROM) {
		at = put_head(at, 1, bytes);
		for (uint32_t i = 0; i < stack.n; i++)
			at = put_location(names, p, at, stack_loc(stack, i));
		return at;
	}
	for (uint32_t i = 0; i < stack.n; i++)
		at = put_location(names, p, pb_put_tag(at, 1, PB_VARINT), stack_loc(stack, i));
	return at;
}

static size_t values_bytes(const int64_t *values, uint32_t n)
{
	size_t bytes = 0;
	for (uint32_t i = 0; i < n; i++)
		bytes += pb_varint_bytes((uint64_t)values[i]);
	return bytes;
}

/* What a repeated number takes: packed from three on, zeros included either way. */
static size_t repeated_bytes(uint32_t n, size_t varints)
{
	return n >= PACKED_FROM ? message_bytes(varints) : n + varints;
}

static void encode_sample(const struct names *names, const struct profile *p, struct buf *out, uint32_t i)
{
	struct stack stack = profile_stack(p, i);
	const int64_t *values = profile_values(p, i);
	uint32_t labels = profile_label_set(p, i);
	struct label_set set = p->label_sets[labels];
	size_t nlocs = locations_bytes(names, p, stack), nvalues = values_bytes(values, p->nsample_types);
	size_t len = repeated_bytes(stack.n, nlocs) + repeated_bytes(p->nsample_types, nvalues) +
			names->set_bytes[labels];
	uint8_t *at = put_head(reserve(out, len + 24), 2, len);
	at = put_stack(names, p, at, stack, nlocs);
	if (p->nsample_types >= PACKED_FROM)
		at = put_head(at, 2, nvalues);
	for (uint32_t j = 0; j < p->nsample_types; j++) {
		if (p->nsample_types < PACKED_FROM)
			at = pb_put_tag(at, 2, PB_VARINT);
		at = pb_put_varint(at, (uint64_t)values[j]);
	}
	for (uint32_t j = set.begin; j < set.begin + set.n; j++)
		at = put_label(names, at, &p->labels[j]);
	advance(out, at);
}

static void encode_mapping(const struct names *names, struct buf *out, const struct mapping *m)
{
	const uint64_t fields[] = {m->id, m->start, m->limit, m->offset, names->number[m->file],
			names->number[m->build_id], m->has_functions, m->has_filenames,
			m->has_line_numbers, m->has_inline_frames};
	enum { NFIELDS = sizeof(fields) / sizeof(*fields) };
	size_t len = 0;
	for (unsigned i = 0; i < NFIELDS; i++)
		len += number_bytes(fields[i]);
	uint8_t *at = put_head(reserve(out, len + 16), 3, len);
	for (unsigned i = 0; i < NFIELDS; i++)
		at = put_number(at, i + 1, fields[i]);
	advance(out, at);
}

static size_t line_bytes(const struct profile *p, const struct line *l)
{
	return number_bytes(l->function == NO_INDEX ? 0 : p->functions[l->function].id) +
			number_bytes((uint64_t)l->line) + number_bytes((uint64_t)l->column);
}

static void encode_location(const struct profile *p, struct buf *out, const struct location *l)
{
	uint64_t mapping = l->mapping == NO_INDEX ? 0 : p->mappings[l->mapping].id;
	const struct line *lines = p->lines + l->line_begin;
	size_t len = number_bytes(l->id) + number_bytes(mapping) + number_bytes(l->address) +
			number_bytes(l->is_folded);
	for (uint32_t i = 0; i < l->nlines; i++)
		len += message_bytes(line_bytes(p, &lines[i]));
	uint8_t *at = put_head(reserve(out, len + 16), 4, len);
	at = put_number(at, 1, l->id);
	at = put_number(at, 2, mapping);
	at = put_number(at, 3, l->address);
	for (uint32_t i = 0; i < l->nlines; i++) {
		at = put_head(at, 4, line_bytes(p, &lines[i]));
		at = put_number(at, 1, lines[i].function == NO_INDEX ? 0 : p->functions[lines[i].function].id);
		at = put_number(at, 2, (uint64_t)lines[i].line);
		at = put_number(at, 3, (uint64_t)lines[i].column);
	}
	advance(out, put_number(at, 5, l->is_folded));
}

static void encode_function(const struct names *names, struct buf *out, const struct function *f)
{
	const uint64_t fields[] = {f->id, names->number[f->name], names->number[f->system_name],
			names->number[f->filename], (uint64_t)f->start_line};
	size_t len = 0;
	for (unsigned i = 0; i < 5; i++)
		len += number_bytes(fields[i]);
	uint8_t *at = put_head(reserve(out, len + 16), 5, len);
	for (unsigned i = 0; i < 5; i++)
		at = put_number(at, i + 1, fields[i]);
	advance(out, at);
}

static void encode_comments(const struct names *names, const struct profile *p, struct buf *out)
{
	size_t len = 0;
	for (uint32_t i = 0; i < p->ncomments; i++)
		len += pb_varint_bytes(names->number[p->comments[i]]);
	uint8_t *at = reserve(out, len + p->ncomments + 16);
	if (p->ncomments >= PACKED_FROM)
		at = put_head(at, 13, len);
	for (uint32_t i = 0; i < p->ncomments; i++) {
		if (p->ncomments < PACKED_FROM)
			at = pb_put_tag(at, 13, PB_VARINT);
		at = pb_put_varint(at, names->number[p->comments[i]]);
	}
	advance(out, at);
}

static void encode_string(struct buf *out, struct str s)
{
	advance(out, put_head(reserve(out, 16), 6, s.len));
	buf_str(out, s);
}

static void encode_header(const struct names *names, const struct profile *p, struct buf *out)
{
	uint8_t *at = reserve(out, 64);
	at = put_number(at, 7, names->number[p->drop_frames]);
	at = put_number(at, 8, names->number[p->keep_frames]);
	at = put_number(at, 9, (uint64_t)p->time_nanos);
	advance(out, put_number(at, 10, (uint64_t)p->duration_nanos));
	if (p->has_period_type && (p->period_type.type || p->period_type.unit))
		encode_value_type(names, out, 11, &p->period_type);
	advance(out, put_number(reserve(out, 16), 12, (uint64_t)p->period));
	encode_comments(names, p, out);
	at = pb_put_tag(reserve(out, 32), 14, PB_VARINT);
	at = pb_put_varint(at, names->number[p->default_sample_type]);
	advance(out, put_number(at, 15, names->number[p->doc_url]));
}

/* What is the same for many samples. */
static void prepare_samples(struct names *names, const struct profile *p)
{
	names->ids = mem_resize(NULL, p->nlocations, sizeof(*names->ids));
	names->set_bytes = mem_zeroed(p->nlabel_sets, sizeof(*names->set_bytes));
	for (uint32_t i = 0; i < p->nlocations; i++) {
		uint8_t id[PB_MAX_VARINT_BYTES];
		names->ids[i] = token_make(id, (size_t)(pb_put_varint(id, p->locations[i].id) - id));
	}
	for (uint32_t i = 0; i < p->nlabel_sets; i++) {
		struct label_set set = p->label_sets[i];
		bool is_used = true; // strings of a set no sample has may have no number
		for (uint32_t j = set.begin; j < set.begin + set.n; j++)
			is_used = is_used && names->number[p->labels[j].key] != NO_INDEX;
		for (uint32_t j = set.begin; is_used && j < set.begin + set.n; j++)
			names->set_bytes[i] += (uint32_t)message_bytes(label_bytes(names, &p->labels[j]));
	}
}

struct names *encode_begin(const struct profile *p)
{
	struct names *names = mem_zeroed(1, sizeof(*names));
	names->number = mem_resize(NULL, p->nstrings, sizeof(*names->number));
	names->order = mem_resize(NULL, p->nstrings, sizeof(*names->order));
	memset(names->number, 0xff, p->nstrings * sizeof(*names->number));
	collect_names(names, p);
	prepare_samples(names, p);
	return names;
}

void encode_end(struct names *names)
{
	free(names->number);
	free(names->order);
	free(names->ids);
	free(names->set_bytes);
	free(names);
}

/* The tables, one behind the other. */
static void encode_entry(const struct names *names, const struct profile *p, struct buf *out, uint64_t i)
{
	if (i < p->nmappings)
		return encode_mapping(names, out, &p->mappings[i]);
	i -= p->nmappings;
	if (i < p->nlocations)
		return encode_location(p, out, &p->locations[i]);
	i -= p->nlocations;
	if (i < p->nfunctions)
		return encode_function(names, out, &p->functions[i]);
	encode_string(out, profile_str(p, names->order[i - p->nfunctions]));
}

static uint64_t count_entries(const struct names *names, const struct profile *p)
{
	return (uint64_t)p->nmappings + p->nlocations + p->nfunctions + names->n;
}

static uint32_t sample_batches(const struct profile *p)
{
	return (uint32_t)(((uint64_t)p->nsamples + SAMPLES_A_BATCH - 1) / SAMPLES_A_BATCH);
}

uint32_t encode_nbatches(const struct names *names, const struct profile *p)
{
	return sample_batches(p) + (uint32_t)(count_entries(names, p) / ENTRIES_A_BATCH) + 1;
}

void encode_batch(const struct names *names, const struct profile *p, uint32_t batch, struct buf *out)
{
	uint32_t first_of_tables = sample_batches(p);
	for (uint32_t i = 0; !batch && i < p->nsample_types; i++)
		encode_value_type(names, out, 1, &p->sample_types[i]);
	if (batch < first_of_tables) {
		uint32_t begin = batch * SAMPLES_A_BATCH, left = p->nsamples - begin;
		for (uint32_t i = 0; i < left && i < SAMPLES_A_BATCH; i++)
			encode_sample(names, p, out, begin + i);
		return;
	}
	uint64_t begin = (uint64_t)(batch - first_of_tables) * ENTRIES_A_BATCH, left = count_entries(names, p) - begin;
	for (uint32_t i = 0; i < left && i < ENTRIES_A_BATCH; i++)
		encode_entry(names, p, out, begin + i);
	if (left < ENTRIES_A_BATCH)
		encode_header(names, p, out);
}

void profile_encode(const struct profile *p, struct buf *out)
{
	struct names *names = encode_begin(p);
	for (uint32_t i = 0; i < encode_nbatches(names, p); i++)
		encode_batch(names, p, i, out);
	encode_end(names);
}
