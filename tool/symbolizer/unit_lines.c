// SPDX-License-Identifier: MIT
// See unit_lines.h.
#include "tool/symbolizer/unit_lines.h"

#include <dwarf.h>

static bool open_table(struct unit_lines *u, const struct line_sections *sections)
{
	Dwarf_Attribute at;
	Dwarf_Word offset;
	if (!dwarf_attr(&u->unit->die, DW_AT_stmt_list, &at) || dwarf_formudata(&at, &offset) != 0)
		return false;
	return line_table_open(u->lookup->arena, sections, offset, &u->table);
}

void unit_lines_open(struct unit_lines *u, struct dwarf_lookup *l, struct dwarf_unit *unit,
		const struct line_sections *sections)
{
	Dwarf_Attribute at;
	*u = (struct unit_lines){.lookup = l, .unit = unit};
	u->directory = str_from(dwarf_formstring(dwarf_attr_integrate(&unit->die, DW_AT_comp_dir, &at)));
	if (open_table(u, sections)) {
		u->rows = arena_array(l->arena, struct line_row, unit->n);
		line_table_find(&u->table, unit->pcs, unit->n, u->rows);
		u->paths = arena_array(l->arena, struct str, u->table.nfiles);
	} else {
		dwarf_getsrcfiles(&unit->die, &u->files, &u->nfiles);
	}
}

// Distributions compile in relative directories.
static struct str full_path(struct unit_lines *u, struct str file)
{
	if (file.len == 0 || file.ptr[0] == '/' || u->directory.len == 0 || str_has_prefix(file, u->directory))
		return file;
	return str_from(arena_printf(u->lookup->arena, "%.*s/%.*s", STR_FMT(u->directory), STR_FMT(file)));
}

struct str unit_lines_file(struct unit_lines *u, uint64_t file)
{
	if (!u->rows)
		return file < u->nfiles ? full_path(u, str_from(dwarf_filesrc(u->files, file, NULL, NULL)))
				: (struct str){0};
	if (file >= u->table.nfiles)
		return (struct str){0};
	struct str *path = &u->paths[file];
	if (path->len == 0)
		*path = full_path(u, line_table_file(&u->table, file));
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
