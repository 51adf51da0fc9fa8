// SPDX-License-Identifier: MIT
// Runs the program of a line table. See line_table.h.
#include "format/line_table.h"

#include "format/lower_bound.h"

// DW_LNS_*
enum {
	STANDARD_EXTENDED,
	STANDARD_COPY,
	STANDARD_ADVANCE_PC,
	STANDARD_ADVANCE_LINE,
	STANDARD_SET_FILE,
	STANDARD_SET_COLUMN,
	STANDARD_CONST_ADD_PC = 8,
	STANDARD_FIXED_ADVANCE_PC,
};

// DW_LNE_*
enum { EXTENDED_END_SEQUENCE = 1, EXTENDED_SET_ADDRESS, EXTENDED_DEFINE_FILE };

// The registers of the machine that a program drives.
struct registers {
	uint64_t address, file;
	int64_t line, column;
};

struct run {
	const struct line_table *table;
	bool adds_files, has_row;
	struct reader r;
	struct registers now, row; // row: the last one of the sequence, which reaches up to the next
	const uint64_t *pcs;
	uint32_t n, next; // pcs[next]: the first not below row.address
	uint64_t next_pc; // that one, or the largest
	struct line_row *rows;
};

static void set_next(struct run *x, uint32_t next)
{
	x->next = next;
	x->next_pc = next < x->n ? x->pcs[next] : UINT64_MAX;
}

// The row ends where the machine is now.
static void give_row(struct run *x)
{
	uint32_t i = x->next;
	for (; i < x->n && x->pcs[i] < x->now.address; i++) {
		struct line_row *row = &x->rows[i];
		// Functions that the linker left out may overlap others: the nearer row it is.
		if (row->found && row->address > x->row.address)
			continue;
		*row = (struct line_row){.address = x->row.address, .table = x->table->offset, .file = x->row.file,
				.line = x->row.line, .column = x->row.column, .found = true};
	}
	set_next(x, i);
}

static inline void add_row(struct run *x)
{
	if (!x->has_row || x->now.address < x->row.address)
		set_next(x, lower_bound(x->pcs, x->n, x->now.address));
	else if (x->now.address > x->next_pc)
		give_row(x);
	x->row = x->now;
	x->has_row = true;
}

static void begin_sequence(struct run *x)
{
	x->now = (struct registers){.file = 1, .line = 1};
	x->has_row = false;
}

static uint64_t read_address(struct reader *r)
{
	return reader_left(r) == 8 ? read_u64(r) : reader_left(r) == 4 ? read_u32(r) : 0;
}

static void extended(struct run *x)
{
	struct reader r = read_part(&x->r, read_uleb(&x->r));
	if (reader_left(&r) == 0)
		return;
	switch (read_u8(&r)) {
	case EXTENDED_END_SEQUENCE:
		add_row(x);
		begin_sequence(x);
		break;
	case EXTENDED_SET_ADDRESS:
		x->now.address = read_address(&r);
		break;
	case EXTENDED_DEFINE_FILE:
		x->adds_files = true;
		break;
	default:
		break;
	}
}

static void standard(struct run *x, unsigned opcode)
{
	struct registers *now = &x->now;
	const struct line_table *t = x->table;
	switch (opcode) {
	case STANDARD_COPY:
		add_row(x);
		break;
	case STANDARD_ADVANCE_PC:
		now->address += read_uleb(&x->r) * t->instruction_bytes;
		break;
	case STANDARD_ADVANCE_LINE:
		now->line = (int32_t)((uint64_t)now->line + (uint64_t)read_sleb(&x->r));
		break;
	case STANDARD_SET_FILE:
		now->file = read_uleb(&x->r);
		break;
	case STANDARD_SET_COLUMN:
		now->column = (int32_t)read_uleb(&x->r);
		break;
	case STANDARD_CONST_ADD_PC:
		now->address += t->special[255].address;
		break;
	case STANDARD_FIXED_ADVANCE_PC:
		now->address += read_u16(&x->r);
		break;
	default:
		for (unsigned i = 0; i < t->operands[opcode]; i++)
			read_uleb(&x->r);
		break;
	}
}

bool line_table_find(const struct line_table *t, const uint64_t *pcs, uint32_t n, struct line_row *rows)
{
	struct run x = {.table = t, .r = t->program, .pcs = pcs, .n = n, .rows = rows};
	begin_sequence(&x);
	while (reader_left(&x.r) > 0) {
		unsigned opcode = read_u8(&x.r);
		if (opcode >= t->opcode_base) {
			x.now.address += t->special[opcode].address;
			x.now.line += t->special[opcode].line;
			add_row(&x);
		} else if (opcode == STANDARD_EXTENDED) {
			extended(&x);
		} else {
			standard(&x, opcode);
		}
	}
	return !x.adds_files;
}
