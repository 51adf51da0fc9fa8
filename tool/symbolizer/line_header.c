// SPDX-License-Identifier: MIT
// What stands before the program of a line table: how its opcodes are to be read, directories and files.
// See line_table.h.
#include <dwarf.h>

#include "tool/symbolizer/line_table.h"

enum { MAX_FORMATS = 255 };

struct header {
	struct line_table *table;
	const struct line_sections *sections;
	struct reader r; // up to the end of the table
	unsigned version, offset_bytes;
	bool unknown; // a form that is not read here
};

// How the entries of DWARF 5 are laid out.
struct entry_format {
	unsigned n;
	uint64_t content[MAX_FORMATS], form[MAX_FORMATS];
};

static uint64_t read_offset(struct header *h)
{
	return h->offset_bytes == 8 ? read_u64(&h->r) : read_u32(&h->r);
}

static struct str string_at(struct header *h, struct reader section)
{
	read_part(&section, read_offset(h));
	h->r.failed |= section.failed;
	return section.failed ? (struct str){0} : read_string(&section);
}

static uint64_t read_number(struct header *h, uint64_t form)
{
	switch (form) {
	case DW_FORM_udata:
		return read_uleb(&h->r);
	case DW_FORM_data1:
		return read_u8(&h->r);
	case DW_FORM_data2:
		return read_u16(&h->r);
	case DW_FORM_data4:
		return read_u32(&h->r);
	case DW_FORM_data8:
		return read_u64(&h->r);
	case DW_FORM_data16:
		read_part(&h->r, 16);
		return 0;
	case DW_FORM_block:
		read_part(&h->r, read_uleb(&h->r));
		return 0;
	default:
		h->unknown = true;
		return 0;
	}
}

static struct line_file read_entry(struct header *h, const struct entry_format *format)
{
	struct line_file entry = {0};
	for (unsigned i = 0; i < format->n && !h->unknown; i++) {
		struct str text = {0};
		uint64_t number = 0;
		if (format->form[i] == DW_FORM_string)
			text = read_string(&h->r);
		else if (format->form[i] == DW_FORM_line_strp)
			text = string_at(h, h->sections->line_str);
		else if (format->form[i] == DW_FORM_strp)
			text = string_at(h, h->sections->str);
		else
			number = read_number(h, format->form[i]);
		if (format->content[i] == DW_LNCT_path)
			entry.name = text;
		else if (format->content[i] == DW_LNCT_directory_index)
			entry.directory = number;
	}
	return entry;
}

static void read_format(struct header *h, struct entry_format *format)
{
	format->n = read_u8(&h->r);
	for (unsigned i = 0; i < format->n; i++) {
		format->content[i] = read_uleb(&h->r);
		format->form[i] = read_uleb(&h->r);
	}
}

// Every entry takes a byte at least: there cannot be more of them than bytes.
static uint64_t read_count(struct header *h, const struct entry_format *format)
{
	uint64_t n = read_uleb(&h->r);
	if (n > reader_left(&h->r) || (n > 0 && format->n == 0))
		h->r.failed = true;
	return h->r.failed ? 0 : n;
}

static void read_names_5(struct header *h)
{
	struct line_table *t = h->table;
	struct entry_format format;
	read_format(h, &format);
	t->ndirectories = read_count(h, &format);
	t->directories = arena_array(t->arena, struct str, t->ndirectories);
	for (uint64_t i = 0; i < t->ndirectories && !h->r.failed && !h->unknown; i++)
		t->directories[i] = read_entry(h, &format).name;
	read_format(h, &format);
	t->nfiles = t->files_cap = read_count(h, &format);
	t->files = arena_array(t->arena, struct line_file, t->nfiles);
	for (uint64_t i = 0; i < t->nfiles && !h->r.failed && !h->unknown; i++)
		t->files[i] = read_entry(h, &format);
}

static void add_directory(struct line_table *t, struct str name, uint64_t *cap)
{
	if (t->ndirectories == *cap) {
		uint64_t bigger = *cap ? 2 * *cap : 64;
		t->directories = arena_grow(t->arena, t->directories, *cap * sizeof name, bigger * sizeof name,
				_Alignof(struct str));
		*cap = bigger;
	}
	t->directories[t->ndirectories++] = name;
}

// Before DWARF 5 both lists count from 1; 0 is the directory of the unit, which is not in the list.
static void read_names_4(struct header *h)
{
	struct line_table *t = h->table;
	uint64_t cap = 0;
	struct str name = {0};
	do {
		add_directory(t, name, &cap);
		name = read_string(&h->r);
	} while (name.len);
	line_table_add_file(t, (struct line_file){0});
	while ((name = read_string(&h->r)).len) {
		line_table_add_file(t, (struct line_file){name, read_uleb(&h->r)});
		read_uleb(&h->r); // time
		read_uleb(&h->r); // size
	}
}

void line_table_add_file(struct line_table *t, struct line_file file)
{
	if (t->nfiles == t->files_cap) {
		uint64_t bigger = t->files_cap ? 2 * t->files_cap : 64;
		t->files = arena_grow(t->arena, t->files, t->files_cap * sizeof file, bigger * sizeof file,
				_Alignof(struct line_file));
		t->files_cap = bigger;
	}
	t->files[t->nfiles++] = file;
}

// False for tables that are not read here.
static bool read_opcodes(struct header *h)
{
	struct line_table *t = h->table;
	t->instruction_bytes = read_u8(&h->r);
	unsigned operations = h->version >= 4 ? read_u8(&h->r) : 1;
	read_u8(&h->r); // whether rows are statements at first
	int line_base = (int8_t)read_u8(&h->r);
	unsigned line_range = read_u8(&h->r);
	t->opcode_base = read_u8(&h->r);
	if (operations != 1 || line_range == 0 || t->opcode_base == 0)
		return false;
	for (unsigned i = 1; i < t->opcode_base; i++)
		t->operands[i] = read_u8(&h->r);
	for (unsigned i = t->opcode_base; i < 256; i++) {
		unsigned adjusted = i - t->opcode_base;
		t->special[i] = (struct line_advance){adjusted / line_range * t->instruction_bytes,
				line_base + (int)(adjusted % line_range)};
	}
	return true;
}

bool line_table_open(struct arena *a, const struct line_sections *s, uint64_t offset,
		struct line_table *out)
{
	*out = (struct line_table){.arena = a};
	struct header h = {.table = out, .sections = s, .r = s->line, .offset_bytes = 4};
	read_part(&h.r, offset);
	uint64_t length = read_u32(&h.r);
	if (length == UINT32_MAX) {
		h.offset_bytes = 8;
		length = read_u64(&h.r);
	}
	h.r = read_part(&h.r, length);
	h.version = read_u16(&h.r);
	if (h.version < 2 || h.version > 5)
		return false;
	if (h.version == 5)
		read_u16(&h.r); // sizes of addresses and of segment selectors
	uint64_t header_bytes = read_offset(&h);
	out->program = h.r;
	read_part(&out->program, header_bytes);
	if (!read_opcodes(&h))
		return false;
	if (h.version == 5)
		read_names_5(&h);
	else
		read_names_4(&h);
	return !h.r.failed && !h.unknown && !out->program.failed;
}
