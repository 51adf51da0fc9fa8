// SPDX-License-Identifier: MIT
// What stands before the program of a line table: how its opcodes are to be read, directories and files.
// See line_table.h.
#include "format/line_table.h"

enum { MAX_FORMATS = 255, OPERATIONS_VERSION = 4, NAMES_VERSION = 5 };

// DW_LNCT_*: what a part of an entry is.
enum { CONTENT_PATH = 1, CONTENT_DIRECTORY = 2 };

// DW_FORM_*: how it is written.
enum {
	FORM_DATA2 = 0x05,
	FORM_DATA4 = 0x06,
	FORM_DATA8 = 0x07,
	FORM_STRING = 0x08,
	FORM_BLOCK = 0x09,
	FORM_DATA1 = 0x0b,
	FORM_STRP = 0x0e,
	FORM_UDATA = 0x0f,
	FORM_DATA16 = 0x1e,
	FORM_LINE_STRP = 0x1f,
};

// How the entries of DWARF 5 are laid out.
struct entry_format {
	unsigned n;
	uint64_t content[MAX_FORMATS], form[MAX_FORMATS];
};

struct entry {
	struct line_text name;
	uint64_t directory;
};

static uint64_t read_offset(const struct line_table *t, struct reader *r)
{
	return t->offset_bytes == 8 ? read_u64(r) : read_u32(r);
}

static struct line_text read_text(struct reader *r)
{
	struct line_text text;
	text.ptr = read_string(r, &text.len);
	return text;
}

static struct line_text text_at(const struct line_table *t, struct reader *r, struct reader section)
{
	read_part(&section, read_offset(t, r));
	r->failed |= section.failed;
	return section.failed ? (struct line_text){0} : read_text(&section);
}

/** Fails on forms that are not read here. */
static uint64_t read_number(struct reader *r, uint64_t form)
{
	switch (form) {
	case FORM_UDATA:
		return read_uleb(r);
	case FORM_DATA1:
		return read_u8(r);
	case FORM_DATA2:
		return read_u16(r);
	case FORM_DATA4:
		return read_u32(r);
	case FORM_DATA8:
		return read_u64(r);
	case FORM_DATA16:
		read_part(r, 16);
		return 0;
	case FORM_BLOCK:
		read_part(r, read_uleb(r));
		return 0;
	default:
		r->failed = true;
		return 0;
	}
}

static struct entry read_entry_5(const struct line_table *t, struct reader *r, const struct entry_format *format)
{
	struct entry entry = {0};
	for (unsigned i = 0; i < format->n && !r->failed; i++) {
		struct line_text text = {0};
		uint64_t number = 0;
		if (format->form[i] == FORM_STRING)
			text = read_text(r);
		else if (format->form[i] == FORM_LINE_STRP)
			text = text_at(t, r, t->sections->line_str);
		else if (format->form[i] == FORM_STRP)
			text = text_at(t, r, t->sections->str);
		else
			number = read_number(r, format->form[i]);
		if (format->content[i] == CONTENT_PATH)
			entry.name = text;
		else if (format->content[i] == CONTENT_DIRECTORY)
			entry.directory = number;
	}
	return entry;
}

/** Leaves *r before the first entry; returns how many there are. */
static uint64_t read_format(struct reader *r, struct entry_format *format)
{
	format->n = read_u8(r);
	for (unsigned i = 0; i < format->n; i++) {
		format->content[i] = read_uleb(r);
		format->form[i] = read_uleb(r);
	}
	uint64_t n = read_uleb(r);
	// Every entry takes a byte at least: there cannot be more of them than bytes.
	if (n > reader_left(r) || (n > 0 && format->n == 0))
		r->failed = true;
	return r->failed ? 0 : n;
}

/** Before DWARF 5: a name; of a file, more. */
static struct entry read_entry_4(struct reader *r, bool is_file)
{
	struct entry entry = {.name = read_text(r)};
	if (is_file && entry.name.len) {
		entry.directory = read_uleb(r);
		read_uleb(r); // time
		read_uleb(r); // size
	}
	return entry;
}

/** Finds where the names are, how many, and that they can be read. */
static void skip_names(const struct line_table *t, struct reader *r, bool are_files, struct line_names *out)
{
	out->from = *r;
	if (t->version >= NAMES_VERSION) {
		struct entry_format format;
		out->n = read_format(r, &format);
		for (uint64_t i = 0; i < out->n && !r->failed; i++)
			read_entry_5(t, r, &format);
	} else {
		// Both count from 1; directory 0 is the unit's, which is not in the list.
		for (out->n = 1; read_entry_4(r, are_files).name.len;)
			out->n++;
	}
}

static struct entry find_entry(const struct line_table *t, const struct line_names *names, bool are_files,
		uint64_t index)
{
	struct reader r = names->from;
	struct entry entry = {0};
	if (index >= names->n)
		return entry;
	if (t->version >= NAMES_VERSION) {
		struct entry_format format;
		read_format(&r, &format);
		for (uint64_t i = 0; i <= index; i++)
			entry = read_entry_5(t, &r, &format);
	} else {
		for (uint64_t i = 1; i <= index; i++)
			entry = read_entry_4(&r, are_files);
	}
	return entry;
}

struct line_file line_table_file(const struct line_table *t, uint64_t file)
{
	struct entry entry = find_entry(t, &t->files, true, file);
	struct line_file out = {.name = entry.name};
	if (out.name.len && out.name.ptr[0] != '/')
		out.directory = find_entry(t, &t->directories, false, entry.directory).name;
	return out;
}

// False for tables that are not read here.
static bool read_opcodes(struct line_table *t, struct reader *r)
{
	t->instruction_bytes = read_u8(r);
	unsigned operations = t->version >= OPERATIONS_VERSION ? read_u8(r) : 1;
	read_u8(r); // whether rows are statements at first
	int line_base = (int8_t)read_u8(r);
	unsigned line_range = read_u8(r);
	t->opcode_base = read_u8(r);
	if (operations != 1 || line_range == 0 || t->opcode_base == 0)
		return false;
	for (unsigned i = 1; i < t->opcode_base; i++)
		t->operands[i] = read_u8(r);
	for (unsigned i = t->opcode_base; i < 256; i++) {
		unsigned adjusted = i - t->opcode_base;
		t->special[i] = (struct line_advance){adjusted / line_range * t->instruction_bytes,
				line_base + (int)(adjusted % line_range)};
	}
	return true;
}

/** The table at `offset` without its length. */
static struct reader table_at(const struct line_sections *s, uint64_t offset, unsigned *offset_bytes_out)
{
	struct reader r = s->line;
	read_part(&r, offset);
	uint64_t length = read_u32(&r);
	*offset_bytes_out = 4;
	if (length == UINT32_MAX) {
		*offset_bytes_out = 8;
		length = read_u64(&r);
	}
	struct reader table = read_part(&r, length);
	table.failed = r.failed;
	return table;
}

uint64_t line_table_end(const struct line_sections *s, uint64_t offset)
{
	unsigned offset_bytes;
	struct reader r = table_at(s, offset, &offset_bytes);
	return r.failed ? 0 : (uint64_t)(r.end - s->line.at);
}

bool line_table_open(const struct line_sections *s, uint64_t offset, struct line_table *out)
{
	*out = (struct line_table){.sections = s, .offset = offset};
	struct reader r = table_at(s, offset, &out->offset_bytes);
	out->version = read_u16(&r);
	if (r.failed || out->version < 2 || out->version > 5)
		return false;
	if (out->version == 5)
		read_u16(&r); // sizes of addresses and of segment selectors
	uint64_t header_bytes = read_offset(out, &r);
	out->program = r;
	read_part(&out->program, header_bytes);
	if (!read_opcodes(out, &r))
		return false;
	skip_names(out, &r, false, &out->directories);
	skip_names(out, &r, true, &out->files);
	return !r.failed && !out->program.failed;
}
