// SPDX-License-Identifier: MIT
// The profile.proto encoder. Each message reserves its worst case once and is then written without
// further checks; its length is known only at its end, so one byte is left for it and the (rare) longer
// message is moved up to make room for a longer length.
#include "profwrite.h"

#include "pb.h"

// A tag and a varint: fields are below 16, so tags take one byte.
enum { FIELD_BYTES = 1 + PB_MAX_VARINT_BYTES };

static uint8_t *reserve(struct profwrite_sink *s, size_t bytes)
{
	if (s->cap - s->len < bytes && (!s->grow || !s->grow(s, bytes))) {
		s->failed = true;
		return NULL;
	}
	return s->ptr + s->len;
}

static void commit(struct profwrite_sink *s, const uint8_t *end)
{
	s->len = (size_t)(end - s->ptr);
}

/** Opens a length-delimited field; its content starts at the result. */
static uint8_t *open_field(uint8_t *at, unsigned field)
{
	return pb_put_tag(at, field, PB_BYTES) + 1;
}

/** Closes what open_field() opened at `content`; returns the end. */
static uint8_t *close_field(uint8_t *content, uint8_t *end)
{
	size_t len = (size_t)(end - content);
	size_t len_bytes = pb_varint_bytes(len);
	if (len_bytes > 1)
		memmove(content - 1 + len_bytes, content, len);
	pb_put_varint(content - 1, len);
	return end + len_bytes - 1;
}

static uint8_t *put_int(uint8_t *at, unsigned field, uint64_t value)
{
	if (value == 0)
		return at;
	return pb_put_varint(pb_put_tag(at, field, PB_VARINT), value);
}

void profwrite_int(struct profwrite_sink *s, enum profile_field field, int64_t value)
{
	uint8_t *at = reserve(s, FIELD_BYTES);
	if (at)
		commit(s, put_int(at, field, (uint64_t)value));
}

void profwrite_string(struct profwrite_sink *s, const char *str, size_t len)
{
	uint8_t *at = reserve(s, FIELD_BYTES + len);
	if (!at)
		return;
	at = pb_put_varint(pb_put_tag(at, PROFILE_STRING_TABLE, PB_BYTES), len);
	if (len)
		memcpy(at, str, len);
	commit(s, at + len);
}

void profwrite_value_type(struct profwrite_sink *s, enum profile_field field, uint64_t type,
		uint64_t unit)
{
	uint8_t *at = reserve(s, 3 * FIELD_BYTES);
	if (!at)
		return;
	uint8_t *content = open_field(at, field);
	at = put_int(content, 1, type);
	at = put_int(at, 2, unit);
	commit(s, close_field(content, at));
}

static uint8_t *put_label(uint8_t *at, const struct profwrite_label *label)
{
	uint8_t *content = open_field(at, 3);
	at = put_int(content, 1, label->key);
	at = put_int(at, 2, label->str);
	at = put_int(at, 3, (uint64_t)label->num);
	at = put_int(at, 4, label->num_unit);
	return close_field(content, at);
}

void profwrite_sample(struct profwrite_sink *s, const int64_t *values, size_t nvalues,
		const uint64_t *location_ids, size_t nlocations, const struct profwrite_label *labels,
		size_t nlabels)
{
	size_t ints = nvalues + nlocations;
	uint8_t *at = reserve(s, ints * PB_MAX_VARINT_BYTES + (3 + nlabels * 5) * FIELD_BYTES);
	if (!at)
		return;
	uint8_t *sample = open_field(at, PROFILE_SAMPLE);
	at = sample;
	if (nlocations) {
		uint8_t *packed = open_field(at, 1);
		at = packed;
		for (size_t i = 0; i < nlocations; i++)
			at = pb_put_varint(at, location_ids[i]);
		at = close_field(packed, at);
	}
	uint8_t *packed = open_field(at, 2);
	at = packed;
	for (size_t i = 0; i < nvalues; i++)
		at = pb_put_varint(at, (uint64_t)values[i]);
	at = close_field(packed, at);
	for (size_t i = 0; i < nlabels; i++)
		at = put_label(at, &labels[i]);
	commit(s, close_field(sample, at));
}

void profwrite_mapping(struct profwrite_sink *s, const struct profwrite_mapping *m)
{
	uint8_t *at = reserve(s, 11 * FIELD_BYTES);
	if (!at)
		return;
	uint8_t *content = open_field(at, PROFILE_MAPPING);
	at = put_int(content, 1, m->id);
	at = put_int(at, 2, m->start);
	at = put_int(at, 3, m->limit);
	at = put_int(at, 4, m->file_offset);
	at = put_int(at, 5, m->filename);
	at = put_int(at, 6, m->build_id);
	at = put_int(at, 7, m->has_functions);
	at = put_int(at, 8, m->has_filenames);
	at = put_int(at, 9, m->has_line_numbers);
	at = put_int(at, 10, m->has_inline_frames);
	commit(s, close_field(content, at));
}

static uint8_t *put_line(uint8_t *at, const struct profwrite_line *line)
{
	uint8_t *content = open_field(at, 4);
	at = put_int(content, 1, line->function_id);
	at = put_int(at, 2, (uint64_t)line->line);
	at = put_int(at, 3, (uint64_t)line->column);
	return close_field(content, at);
}

void profwrite_location(struct profwrite_sink *s, const struct profwrite_location *l)
{
	uint8_t *at = reserve(s, (6 + l->nlines * 4) * FIELD_BYTES);
	if (!at)
		return;
	uint8_t *content = open_field(at, PROFILE_LOCATION);
	at = put_int(content, 1, l->id);
	at = put_int(at, 2, l->mapping_id);
	at = put_int(at, 3, l->address);
	for (size_t i = 0; i < l->nlines; i++)
		at = put_line(at, &l->lines[i]);
	at = put_int(at, 5, l->is_folded);
	commit(s, close_field(content, at));
}

void profwrite_function(struct profwrite_sink *s, const struct profwrite_function *f)
{
	uint8_t *at = reserve(s, 6 * FIELD_BYTES);
	if (!at)
		return;
	uint8_t *content = open_field(at, PROFILE_FUNCTION);
	at = put_int(content, 1, f->id);
	at = put_int(at, 2, f->name);
	at = put_int(at, 3, f->system_name);
	at = put_int(at, 4, f->filename);
	at = put_int(at, 5, (uint64_t)f->start_line);
	commit(s, close_field(content, at));
}
