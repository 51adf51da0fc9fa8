// SPDX-License-Identifier: MIT
// See unit_lines.h.
#include "tool/symbolizer/unit_lines.h"

#include <dwarf.h>

void unit_lines_open(struct unit_lines *u, struct dwarf_lookup *l, struct dwarf_unit *unit,
		const struct line_sections *sections)
{
	Dwarf_Attribute at;
	Dwarf_Word offset = 0;
	*u = (struct unit_lines){.lookup = l, .unit = unit, .sections = sections};
	u->directory = str_from(dwarf_formstring(dwarf_attr_integrate(&unit->die, DW_AT_comp_dir, &at)));
	u->has_table = dwarf_attr(&unit->die, DW_AT_stmt_list, &at) && dwarf_formudata(&at, &offset) == 0;
	u->table_offset = offset;
}

void unit_lines_run(struct unit_lines *u, struct arena *a)
{
	if (!u->has_table || !line_table_open(u->sections, u->table_offset, &u->table))
		return;
	struct line_row *rows = arena_array(a, struct line_row, u->unit->n);
	if (!line_table_find(&u->table, u->unit->pcs, u->unit->n, rows))
		return;
	u->rows = rows;
	u->paths = arena_array(a, struct str, u->table.files.n);
}

// Distributions compile in relative directories.
static struct str full_path(struct unit_lines *u, struct str file)
{
	if (file.len == 0 || file.ptr[0] == '/' || u->directory.len == 0 || str_has_prefix(file, u->directory))
		return file;
	return str_from(arena_printf(u->lookup->arena, "%.*s/%.*s", STR_FMT(u->directory), STR_FMT(file)));
}

/** The name as the table has it, its directory in front; empty where there is none. */
static struct str path_of(struct arena *a, struct line_file file)
{
	struct str name = {file.name.ptr, file.name.len}, directory = {file.directory.ptr, file.directory.len};
	if (name.len == 0 || directory.len == 0)
		return name;
	return str_from(arena_printf(a, "%.*s/%.*s", STR_FMT(directory), STR_FMT(name)));
}

static struct str file_of_libdw(struct unit_lines *u, uint64_t file)
{
	if (!u->files && dwarf_getsrcfiles(&u->unit->die, &u->files, &u->nfiles) != 0)
		return (struct str){0};
	return file < u->nfiles ? full_path(u, str_from(dwarf_filesrc(u->files, file, NULL, NULL)))
			: (struct str){0};
}

struct str unit_lines_file(struct unit_lines *u, uint64_t file)
{
	if (!u->rows)
		return file_of_libdw(u, file);
	if (file >= u->table.files.n)
		return (struct str){0};
	struct str *path = &u->paths[file];
	if (path->len == 0)
		*path = full_path(u, path_of(u->lookup->arena, line_table_file(&u->table, file)));
	return *path;
}

static void ask_libdw(struct unit_lines *u, uint64_t pc, struct frame *frame)
{
	Dwarf_Line *row = dwarf_getsrc_die(&u->unit->die, pc);
	int line = 0, column = 0;
	if (!row)
		return;
	dwarf_lineno(row, &line);
	dwarf_linecol(row, &column);
	frame->file = full_path(u, str_from(dwarf_linesrc(row, NULL, NULL)));
	frame->line = line;
	frame->column = column;
}

void unit_lines_find(struct unit_lines *u, uint32_t i, struct frame *frame)
{
	if (!u->rows) {
		ask_libdw(u, u->unit->pcs[i], frame);
		return;
	}
	const struct line_row *row = &u->rows[i];
	if (!row->found)
		return;
	frame->file = unit_lines_file(u, row->file);
	frame->line = row->line;
	frame->column = row->column;
}
