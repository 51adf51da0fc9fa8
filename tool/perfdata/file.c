// SPDX-License-Identifier: MIT
// See file.h. Layouts are those of linux/perf_event.h and of the kernel's
// tools/perf/Documentation/perf.data-file-format.txt.
#include "tool/perfdata/file.h"

#include <linux/perf_event.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tool/perfdata/perfdata.h"

enum {
	PIPE_HEADER_BYTES = 16,
	MIN_ATTR_BYTES = 64, // PERF_ATTR_SIZE_VER0
	SECTION_BYTES = 16,
	MAX_EVENTS = 4096,
	// Records that only perf writes, not the kernel.
	RECORD_ATTR = 64,
	RECORD_TRACING_DATA = 66,
	RECORD_BUILD_ID = 67,
	RECORD_AUXTRACE = 71,
	RECORD_FEATURE = 80,
	RECORD_COMPRESSED = 81,
	RECORD_COMPRESSED2 = 83,
	FEATURE_BUILD_ID = 2,
	FEATURE_HOST = 3,
	FEATURE_RELEASE = 4,
	FEATURE_MACHINE = 6,
	FEATURE_COMMAND_LINE = 11,
	FEATURE_EVENT_DESC = 12,
	FEATURE_DIR_FORMAT = 24,
	FEATURES = 256,
	BUILD_ID_FIELD_BYTES = 24,
	MISC_BUILD_ID_SIZE = 1 << 15,
};

static void add_id(struct perf_file *f, uint64_t id, uint32_t event)
{
	f->ids = arena_make_room(f->arena, f->ids, f->nids, &f->ids_cap, sizeof *f->ids);
	f->ids[f->nids++] = (struct perf_id){id, event};
}

static struct perf_event parse_attr(struct reader attr)
{
	struct perf_event e = {.type = read_u32(&attr)};
	read_u32(&attr); // size
	e.config = read_u64(&attr);
	e.period = read_u64(&attr);
	e.sample_type = read_u64(&attr);
	e.read_format = read_u64(&attr);
	uint64_t flags = read_u64(&attr);
	e.is_inherited = flags >> 1 & 1;
	e.is_frequency = flags >> 10 & 1;
	e.has_sample_ids = flags >> 18 & 1;
	read_part(&attr, 24); // wakeup, breakpoint
	e.branch_sample_type = read_u64(&attr);
	e.user_registers = read_u64(&attr);
	return e;
}

static bool add_event(struct perf_file *f, struct reader attr, struct reader ids)
{
	if (f->nevents == MAX_EVENTS || reader_left(&attr) < MIN_ATTR_BYTES)
		return false;
	f->events = arena_make_room(f->arena, f->events, f->nevents, &f->events_cap, sizeof *f->events);
	while (reader_left(&ids) >= 8)
		add_id(f, read_u64(&ids), f->nevents);
	f->events[f->nevents++] = parse_attr(attr);
	return true;
}

static struct reader section(struct reader *file, struct reader *r)
{
	uint64_t offset = read_u64(r), size = read_u64(r);
	struct reader rest = *file;
	read_part(&rest, offset);
	struct reader part = read_part(&rest, size);
	part.failed = rest.failed;
	return part;
}

static struct err *parse_attr_section(struct perf_file *f, struct reader *file, struct reader attrs,
		uint64_t entry_bytes)
{
	if (entry_bytes < MIN_ATTR_BYTES + SECTION_BYTES)
		return err_new(f->arena, "perf.data: attributes of %lu bytes", entry_bytes);
	while (reader_left(&attrs) >= entry_bytes) {
		struct reader attr = read_part(&attrs, entry_bytes - SECTION_BYTES);
		struct reader ids = section(file, &attrs);
		if (ids.failed || !add_event(f, attr, ids))
			return err_new(f->arena, "perf.data: bad attributes");
	}
	return NULL;
}

static struct str counted_string(struct reader *r)
{
	struct reader part = read_part(r, read_u32(r));
	struct str s;
	s.ptr = read_string(&part, &s.len);
	return s;
}

static void parse_event_names(struct perf_file *f, struct reader r)
{
	uint32_t n = read_u32(&r), attr_bytes = read_u32(&r);
	for (uint32_t i = 0; i < n && i < f->nevents && !r.failed; i++) {
		read_part(&r, attr_bytes);
		uint32_t nids = read_u32(&r);
		struct str name = counted_string(&r);
		read_part(&r, 8 * (uint64_t)nids);
		if (!r.failed)
			f->events[i].name = name;
	}
}

static void parse_build_id(struct perf_file *f, uint16_t misc, struct reader body)
{
	read_u32(&body); // pid
	struct reader field = read_part(&body, BUILD_ID_FIELD_BYTES);
	struct str file;
	file.ptr = read_string(&body, &file.len);
	if (body.failed || file.len == 0)
		return;
	uint32_t bytes = misc & MISC_BUILD_ID_SIZE ? field.at[20] : 20;
	f->build_ids = arena_make_room(f->arena, f->build_ids, f->nbuild_ids, &f->build_ids_cap, sizeof *f->build_ids);
	f->build_ids[f->nbuild_ids++] = (struct perf_build_id){file, field.at, bytes > 20 ? 20 : bytes};
}

static void parse_build_ids(struct perf_file *f, struct reader r)
{
	while (reader_left(&r) >= 8) {
		read_u32(&r); // type
		uint16_t misc = read_u16(&r), size = read_u16(&r);
		if (size < 8)
			return;
		parse_build_id(f, misc, read_part(&r, size - 8));
	}
}

static void parse_command_line(struct perf_file *f, struct reader r)
{
	uint32_t n = read_u32(&r);
	struct buf line = {0};
	for (uint32_t i = 0; i < n && !r.failed && reader_left(&r); i++) {
		buf_cstr(&line, i ? " " : "");
		buf_str(&line, counted_string(&r));
	}
	if (line.len)
		f->command_line = (struct str){arena_strndup(f->arena, line.ptr, line.len), line.len};
	buf_deinit(&line);
}

static void parse_feature(struct perf_file *f, uint64_t feature, struct reader body)
{
	if (feature == FEATURE_BUILD_ID)
		parse_build_ids(f, body);
	else if (feature == FEATURE_COMMAND_LINE)
		parse_command_line(f, body);
	else if (feature == FEATURE_HOST)
		f->host = counted_string(&body);
	else if (feature == FEATURE_RELEASE)
		f->release = counted_string(&body);
	else if (feature == FEATURE_MACHINE)
		f->machine = counted_string(&body);
	else if (feature == FEATURE_EVENT_DESC)
		parse_event_names(f, body);
}

// Everything but samples ends with some of the fields of a sample, where the event asks for it.
static uint64_t trailing_time(const struct perf_file *f, struct reader body)
{
	const struct perf_event *e = f->nevents ? &f->events[0] : NULL;
	if (!e || !e->has_sample_ids || !(e->sample_type & PERF_SAMPLE_TIME))
		return 0;
	size_t behind = 8;
	behind += e->sample_type & PERF_SAMPLE_ID ? 8 : 0;
	behind += e->sample_type & PERF_SAMPLE_STREAM_ID ? 8 : 0;
	behind += e->sample_type & PERF_SAMPLE_CPU ? 8 : 0;
	behind += e->sample_type & PERF_SAMPLE_IDENTIFIER ? 8 : 0;
	if (reader_left(&body) < behind)
		return 0;
	read_part(&body, reader_left(&body) - behind);
	return read_u64(&body);
}

// False: there is none, or what is left is cut short; what came before is good.
static bool next_record(struct reader *data, struct perf_record *r_out)
{
	struct reader ahead = *data;
	*r_out = (struct perf_record){.type = read_u32(&ahead), .misc = read_u16(&ahead)};
	uint16_t size = read_u16(&ahead);
	if (size < 8)
		return false;
	r_out->body = read_part(&ahead, size - 8u);
	if (ahead.failed)
		return false;
	*data = ahead;
	return true;
}

static void add_record(struct perf_file *f, struct perf_record r)
{
	struct perf_sample s;
	if (r.type != PERF_RECORD_SAMPLE)
		r.time_ns = trailing_time(f, r.body);
	else if (perf_sample_parse(f, &r, &s))
		r.time_ns = s.time_ns;
	r.number = f->nrecords;
	f->records = arena_make_room(f->arena, f->records, f->nrecords, &f->records_cap, sizeof r);
	f->records[f->nrecords++] = r;
}

// The kernel's records alone; the last one may go on in the next piece.
static struct err *parse_compressed(struct perf_file *f, struct reader piece)
{
	struct err *e = perf_plain_add(&f->plain, f->arena, f->bytes, piece);
	struct reader rest = perf_plain_rest(&f->plain);
	struct perf_record r;
	while (!e && next_record(&rest, &r)) {
		if (r.type < RECORD_ATTR)
			add_record(f, r);
	}
	f->plain.parsed = f->plain.len - reader_left(&rest);
	return e;
}

// Records of perf's own that carry data behind them, or what a file has in its header.
static struct err *parse_own_record(struct perf_file *f, const struct perf_record *r, struct reader *data)
{
	struct reader body = r->body;
	struct reader attr;
	switch (r->type) {
	case RECORD_ATTR:
		attr = body;
		read_u32(&attr);
		if (!add_event(f, read_part(&body, read_u32(&attr)), body))
			return err_new(f->arena, "perf.data: bad attributes");
		break;
	case RECORD_BUILD_ID:
		parse_build_id(f, r->misc, body);
		break;
	case RECORD_FEATURE: {
		uint64_t feature = read_u64(&body);
		parse_feature(f, feature, body);
		break;
	}
	case RECORD_TRACING_DATA:
		read_part(data, (read_u32(&body) + 7u) & ~7u);
		break;
	case RECORD_AUXTRACE:
		read_part(data, read_u64(&body));
		break;
	case RECORD_COMPRESSED:
		return parse_compressed(f, body);
	case RECORD_COMPRESSED2: {
		uint64_t piece_bytes = read_u64(&body);
		return parse_compressed(f, read_part(&body, piece_bytes));
	}
	default:
		break;
	}
	return NULL;
}

static struct err *parse_records(struct perf_file *f, struct reader data)
{
	struct perf_record r;
	struct err *e = NULL;
	while (!e && next_record(&data, &r)) {
		if (r.type >= RECORD_ATTR)
			e = parse_own_record(f, &r, &data);
		else
			add_record(f, r);
	}
	f->left_bytes = e ? 0 : reader_left(&data);
	return e;
}

static int by_time(const void *x, const void *y)
{
	const struct perf_record *a = x, *b = y;
	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

static int by_id(const void *x, const void *y)
{
	const struct perf_id *a = x, *b = y;
	return (a->id > b->id) - (a->id < b->id);
}

static void sort_ids(struct perf_file *f)
{
	if (f->nids)
		qsort(f->ids, f->nids, sizeof *f->ids, by_id);
}

static int by_file(const void *x, const void *y)
{
	const struct perf_build_id *a = x, *b = y;
	int order = str_cmp(a->file, b->file);
	return order ? order : (a->id > b->id) - (a->id < b->id); // the first of the file's
}

static void sort_build_ids(struct perf_file *f)
{
	if (f->nbuild_ids)
		qsort(f->build_ids, f->nbuild_ids, sizeof *f->build_ids, by_file);
}

static struct err *parse_seekable(struct perf_file *f, struct reader *file, struct reader *header)
{
	uint64_t attr_bytes = read_u64(header);
	struct reader attrs = section(file, header), place = *header, data = section(file, header);
	uint64_t data_end = read_u64(&place) + read_u64(&place);
	section(file, header); // event types: long gone
	uint8_t bits[FEATURES / 8];
	read_bytes(header, bits, sizeof bits);
	if (header->failed || attrs.failed)
		return err_new(f->arena, "perf.data: its header is cut short");
	if (bits[FEATURE_DIR_FORMAT / 8] >> FEATURE_DIR_FORMAT % 8 & 1)
		return err_new(f->arena, "perf.data has its samples in other files beside it: record "
				"without --threads");
	if (data.failed)
		return err_new(f->arena, "perf.data is cut short: its records go up to byte %lu, but it has %zu",
				data_end, f->bytes);
	if (reader_left(&data) == 0)
		return err_new(f->arena, "perf.data has no data: was perf record interrupted?");
	struct err *e = parse_attr_section(f, file, attrs, attr_bytes);
	if (e)
		return e;
	sort_ids(f);
	struct reader table = reader_of(data.end, (size_t)(file->end - data.end));
	for (uint32_t i = 0; i < FEATURES && reader_left(&table) >= SECTION_BYTES; i++)
		if (bits[i / 8] >> i % 8 & 1)
			parse_feature(f, i, section(file, &table));
	return parse_records(f, data);
}

static void sort_records(struct perf_file *f)
{
	if (f->nrecords)
		qsort(f->records, f->nrecords, sizeof *f->records, by_time);
}

void perf_file_begin(struct arena *a, const void *attr, size_t len, struct perf_file *out)
{
	*out = (struct perf_file){.arena = a};
	add_event(out, reader_of(attr, len), reader_of(NULL, 0));
#if defined(__aarch64__)
	out->machine = STR("aarch64");
#endif
}

void perf_file_read(struct perf_file *f, const void *records, size_t len)
{
	f->nrecords = 0;
	parse_records(f, reader_of(records, len));
	sort_records(f);
}

struct err *perf_file_parse(struct arena *a, const void *data, size_t len, struct perf_file *out)
{
	struct reader file = reader_of(data, len), header = file;
	*out = (struct perf_file){.arena = a, .bytes = len};
	if (!perfdata_is(data, len))
		return err_new(a, "not a perf.data file");
	if (memcmp(data, "2ELIFREP", 8) == 0)
		return err_new(a, "perf.data was recorded on a machine of the other byte order");
	read_u64(&header);
	struct err *e;
	if (read_u64(&header) == PIPE_HEADER_BYTES)
		e = parse_records(out, header);
	else
		e = parse_seekable(out, &file, &header);
	if (e)
		return e;
	sort_ids(out);
	sort_build_ids(out);
	if (out->nevents == 0)
		return err_new(a, "perf.data names no event");
	sort_records(out);
	return NULL;
}
