// SPDX-License-Identifier: MIT
// First step of decoding (see decode.h). The string table, and the tables ids point into, may come after
// what refers to them: fields first hold the file's numbers and are resolved at the end.
#include <stdlib.h>

#include "base/mem.h"
#include "format/pb.h"
#include "tool/profile/decode.h"

enum { CHUNK_BYTES = 128 << 10 };

struct scan {
	struct decoder *d;
	// What locations and lines refer to, by id, until all tables are there.
	uint64_t *mapping_ids;
	uint32_t mapping_ids_cap;
	uint64_t *function_ids;
	uint32_t function_ids_cap;
	struct line *lines; // of the location just read
	uint32_t nlines, lines_cap;
	strid *comments;
	uint32_t ncomments, comments_cap;
};

/* A number of the file's string table; what cannot be one becomes NO_INDEX and is found out later. */
static strid raw_string(uint64_t value)
{
	return value < NO_INDEX ? (strid)value : NO_INDEX;
}

/* One field as pb_get_field reads it, but of the wire type wanted. */
static bool is_varint(const struct pb_field *f)
{
	return f->wire == PB_VARINT;
}

static bool scan_value_type(struct pb_reader r, struct value_type *out)
{
	struct pb_field f;
	*out = (struct value_type){0};
	while (r.at < r.end) {
		if (!pb_get_field(&r, &f) || ((f.number == 1 || f.number == 2) && !is_varint(&f)))
			return false;
		if (f.number == 1)
			out->type = raw_string(f.value);
		else if (f.number == 2)
			out->unit = raw_string(f.value);
	}
	return true;
}

static bool scan_mapping(struct scan *s, struct pb_reader r)
{
	struct mapping m = {0};
	struct pb_field f;
	while (r.at < r.end) {
		if (!pb_get_field(&r, &f) || (f.number >= 1 && f.number <= 10 && !is_varint(&f)))
			return false;
		switch (f.number) {
		case 1: m.id = f.value; break;
		case 2: m.start = f.value; break;
		case 3: m.limit = f.value; break;
		case 4: m.offset = f.value; break;
		case 5: m.file = raw_string(f.value); break;
		case 6: m.build_id = raw_string(f.value); break;
		case 7: m.has_functions = f.value; break;
		case 8: m.has_filenames = f.value; break;
		case 9: m.has_line_numbers = f.value; break;
		case 10: m.has_inline_frames = f.value; break;
		}
	}
	profile_add_mapping(s->d->p, m);
	return true;
}

static bool scan_line(struct scan *s, struct pb_reader r)
{
	struct line line = {0};
	uint64_t function_id = 0;
	struct pb_field f;
	while (r.at < r.end) {
		if (!pb_get_field(&r, &f) || (f.number >= 1 && f.number <= 3 && !is_varint(&f)))
			return false;
		switch (f.number) {
		case 1: function_id = f.value; break;
		case 2: line.line = (int64_t)f.value; break;
		case 3: line.column = (int64_t)f.value; break;
		}
	}
	uint32_t at = s->d->p->nlines + s->nlines;
	s->function_ids = mem_grow(s->function_ids, &s->function_ids_cap, at + 1, sizeof(uint64_t));
	s->function_ids[at] = function_id;
	s->lines = mem_grow(s->lines, &s->lines_cap, s->nlines + 1, sizeof(*s->lines));
	s->lines[s->nlines++] = line;
	return true;
}

static bool scan_location(struct scan *s, struct pb_reader r)
{
	struct location l = {0};
	uint64_t mapping_id = 0;
	struct pb_field f;
	s->nlines = 0;
	while (r.at < r.end) {
		if (!pb_get_field(&r, &f))
			return false;
		if (f.number == 4) {
			if (f.wire != PB_BYTES ||
					!scan_line(s, (struct pb_reader){f.bytes, f.bytes + f.nbytes}))
				return false;
			continue;
		}
		if (f.number >= 1 && f.number <= 5 && !is_varint(&f))
			return false;
		switch (f.number) {
		case 1: l.id = f.value; break;
		case 2: mapping_id = f.value; break;
		case 3: l.address = f.value; break;
		case 5: l.is_folded = f.value; break;
		}
	}
	uint32_t at = profile_add_location(s->d->p, l, s->lines, s->nlines);
	s->mapping_ids = mem_grow(s->mapping_ids, &s->mapping_ids_cap, at + 1, sizeof(uint64_t));
	s->mapping_ids[at] = mapping_id;
	return true;
}

static bool scan_function(struct scan *s, struct pb_reader r)
{
	struct function fn = {0};
	struct pb_field f;
	while (r.at < r.end) {
		if (!pb_get_field(&r, &f) || (f.number >= 1 && f.number <= 5 && !is_varint(&f)))
			return false;
		switch (f.number) {
		case 1: fn.id = f.value; break;
		case 2: fn.name = raw_string(f.value); break;
		case 3: fn.system_name = raw_string(f.value); break;
		case 4: fn.filename = raw_string(f.value); break;
		case 5: fn.start_line = (int64_t)f.value; break;
		}
	}
	profile_add_function(s->d->p, fn);
	return true;
}

static bool scan_string(struct decoder *d, const struct pb_field *f)
{
	if (d->nstrings == 0 && f->nbytes != 0)
		return false; // string 0 is ""
	d->strings = mem_grow(d->strings, &d->strings_cap, d->nstrings + 1, sizeof(*d->strings));
	d->strings[d->nstrings++] =
			profile_intern(d->p, (struct str){(const char *)f->bytes, f->nbytes});
	return true;
}

static bool scan_comments(struct scan *s, const struct pb_field *f)
{
	uint64_t value = f->value;
	bool packed = f->wire == PB_BYTES;
	struct pb_reader r = {f->bytes, packed ? f->bytes + f->nbytes : NULL};
	if (!packed && !is_varint(f))
		return false;
	while (!packed || r.at < r.end) {
		if (packed && !pb_get_varint(&r, &value))
			return false;
		s->comments = mem_grow(s->comments, &s->comments_cap, s->ncomments + 1, sizeof(strid));
		s->comments[s->ncomments++] = raw_string(value);
		if (!packed)
			break;
	}
	return true;
}

static bool add_sample_type(struct scan *s, struct pb_reader r)
{
	struct profile *p = s->d->p;
	struct value_type type;
	if (!scan_value_type(r, &type))
		return false;
	p->sample_types = mem_resize(p->sample_types, p->nsample_types + 1, sizeof(type));
	p->sample_types[p->nsample_types++] = type;
	return true;
}

/* A number at the top level. */
static enum decode_status scan_number(struct profile *p, const struct pb_field *f)
{
	if (f->number == 9 && p->time_nanos)
		return DECODE_CONCATENATED;
	if (!is_varint(f))
		return DECODE_MALFORMED;
	switch (f->number) {
	case 7: p->drop_frames = raw_string(f->value); break;
	case 8: p->keep_frames = raw_string(f->value); break;
	case 9: p->time_nanos = (int64_t)f->value; break;
	case 10: p->duration_nanos = (int64_t)f->value; break;
	case 12: p->period = (int64_t)f->value; break;
	case 14: p->default_sample_type = raw_string(f->value); break;
	case 15: p->doc_url = raw_string(f->value); break;
	}
	return DECODE_OK;
}

static enum decode_status scan_field(struct scan *s, const struct pb_field *f)
{
	struct profile *p = s->d->p;
	bool good = f->wire == PB_BYTES;
	struct pb_reader r = {f->bytes, good ? f->bytes + f->nbytes : NULL};
	switch (f->number) {
	case 1:
		good = good && add_sample_type(s, r);
		break;
	case 3:
		good = good && scan_mapping(s, r);
		break;
	case 4:
		good = good && scan_location(s, r);
		break;
	case 5:
		good = good && scan_function(s, r);
		break;
	case 6:
		good = good && scan_string(s->d, f);
		break;
	case 11:
		good = good && scan_value_type(r, &p->period_type);
		break;
	case 13:
		good = scan_comments(s, f);
		break;
	case 7:
	case 8:
	case 9:
	case 10:
	case 12:
	case 14:
	case 15:
		return scan_number(p, f);
	default:
		good = true;
	}
	return good ? DECODE_OK : DECODE_MALFORMED;
}

static void add_chunk(struct decoder *d, struct chunk c)
{
	if (d->nsamples == c.first_sample) {
		if (d->consume) // no older format reads as so many fields: nobody will try the bytes again
			pages_release((void *)c.begin, (size_t)(c.end - c.begin));
		return;
	}
	d->chunks = mem_grow(d->chunks, &d->chunks_cap, d->nchunks + 1, sizeof(*d->chunks));
	d->chunks[d->nchunks++] = c;
}

static enum decode_status scan_fields(struct scan *s, const uint8_t *data, size_t len)
{
	struct decoder *d = s->d;
	struct pb_reader r = {data, data + len};
	struct chunk c = {.begin = data};
	enum decode_status status = DECODE_OK;
	while (status == DECODE_OK && r.at < r.end) {
		struct pb_field f;
		if (!pb_get_field(&r, &f)) {
			status = DECODE_MALFORMED;
		} else if (f.number != 2) {
			status = scan_field(s, &f);
		} else if (f.wire != PB_BYTES) {
			status = DECODE_MALFORMED;
		} else {
			size_t n = decode_count_locations((struct pb_reader){f.bytes, f.bytes + f.nbytes});
			d->nsamples++;
			if (d->with_stacks)
				d->nlocs += n;
			else if (n > d->nlocs)
				d->nlocs = n;
		}
		c.end = r.at;
		if (c.end - c.begin >= CHUNK_BYTES) {
			add_chunk(d, c);
			c = (struct chunk){.begin = r.at, .first_sample = d->nsamples, .loc_begin = d->nlocs};
		}
	}
	add_chunk(d, c);
	return status;
}

static bool resolve_string(const struct decoder *d, strid *id)
{
	if (*id >= d->nstrings)
		return false;
	*id = d->strings[*id];
	return true;
}

static bool resolve_header(struct scan *s)
{
	struct profile *p = s->d->p;
	bool good = true;
	for (uint32_t i = 0; i < p->nsample_types; i++) {
		good = good && resolve_string(s->d, &p->sample_types[i].type) &&
				resolve_string(s->d, &p->sample_types[i].unit);
	}
	for (uint32_t i = 0; good && i < s->ncomments; i++) {
		good = resolve_string(s->d, &s->comments[i]);
		if (good)
			profile_add_comment(p, profile_str(p, s->comments[i]));
	}
	p->has_period_type = true;
	return good && resolve_string(s->d, &p->drop_frames) && resolve_string(s->d, &p->keep_frames) &&
			resolve_string(s->d, &p->period_type.type) &&
			resolve_string(s->d, &p->period_type.unit) &&
			resolve_string(s->d, &p->default_sample_type) &&
			resolve_string(s->d, &p->doc_url);
}

static bool resolve_mappings(struct decoder *d, struct idmap *of_id)
{
	struct profile *p = d->p;
	const struct str kernel = STR("[kernel.kallsyms]");
	idmap_init(of_id, p->nmappings);
	for (uint32_t i = 0; i < p->nmappings; i++) {
		struct mapping *m = &p->mappings[i];
		if (!resolve_string(d, &m->file) || !resolve_string(d, &m->build_id))
			return false;
		struct str file = profile_str(p, m->file);
		if (str_has_prefix(file, kernel))
			m->kernel_relocation_symbol =
					profile_intern(p, str_slice(file, kernel.len, file.len));
		idmap_set(of_id, m->id, i);
	}
	return true;
}

static bool resolve_functions(struct decoder *d, struct idmap *of_id)
{
	struct profile *p = d->p;
	idmap_init(of_id, p->nfunctions);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		struct function *f = &p->functions[i];
		if (!resolve_string(d, &f->name) || !resolve_string(d, &f->system_name) ||
				!resolve_string(d, &f->filename))
			return false;
		idmap_set(of_id, f->id, i);
	}
	return true;
}

static enum decode_status resolve(struct scan *s)
{
	struct decoder *d = s->d;
	struct profile *p = d->p;
	struct idmap mapping_of_id = {0}, function_of_id = {0};
	if (!d->nstrings)
		return DECODE_MALFORMED; // even "" is not there
	bool good = resolve_header(s) && resolve_mappings(d, &mapping_of_id) &&
			resolve_functions(d, &function_of_id);
	if (good) {
		idmap_init(&d->location_of_id, p->nlocations);
		for (uint32_t i = 0; i < p->nlocations; i++) {
			p->locations[i].mapping = idmap_get(&mapping_of_id, s->mapping_ids[i]);
			idmap_set(&d->location_of_id, p->locations[i].id, i);
		}
		for (uint32_t i = 0; i < p->nlines; i++) {
			uint64_t id = s->function_ids[i];
			p->lines[i].function = id ? idmap_get(&function_of_id, id) : NO_INDEX;
		}
	}
	idmap_deinit(&mapping_of_id);
	idmap_deinit(&function_of_id);
	return good ? DECODE_OK : DECODE_MALFORMED;
}

enum decode_status decode_profile(struct arena *a, const uint8_t *data, size_t len, bool consume,
		bool with_stacks, struct profile *p, struct err **err_out)
{
	if (!len)
		return DECODE_EMPTY;
	struct decoder d = {.p = p, .consume = consume, .with_stacks = with_stacks};
	struct scan s = {.d = &d};
	enum decode_status scanned = scan_fields(&s, data, len), status = scanned;
	if (status == DECODE_OK)
		status = resolve(&s);
	free(s.mapping_ids);
	free(s.function_ids);
	free(s.lines);
	free(s.comments);
	if (status == DECODE_OK)
		status = decode_samples(&d, a, err_out);
	free(d.strings);
	free(d.chunks);
	idmap_deinit(&d.location_of_id);
	return status;
}
