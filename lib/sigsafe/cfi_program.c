// SPDX-License-Identifier: MIT
// Context: SIG. The program of an FDE, run until the row of one pc; see cfi.h.
#include <errno.h>

#include "cfi.h"

// Call frame instructions. The upper two bits alone tell the first three, which carry an operand below.
enum {
	ADVANCE_LOC = 0x40,
	OFFSET = 0x80,
	RESTORE = 0xc0,
	NOP = 0x00,
	SET_LOC = 0x01,
	ADVANCE_LOC1 = 0x02,
	ADVANCE_LOC2 = 0x03,
	ADVANCE_LOC4 = 0x04,
	OFFSET_EXTENDED = 0x05,
	RESTORE_EXTENDED = 0x06,
	UNDEFINED = 0x07,
	SAME_VALUE = 0x08,
	REGISTER = 0x09,
	REMEMBER_STATE = 0x0a,
	RESTORE_STATE = 0x0b,
	DEF_CFA = 0x0c,
	DEF_CFA_REGISTER = 0x0d,
	DEF_CFA_OFFSET = 0x0e,
	DEF_CFA_EXPRESSION = 0x0f,
	EXPRESSION = 0x10,
	OFFSET_EXTENDED_SF = 0x11,
	DEF_CFA_SF = 0x12,
	DEF_CFA_OFFSET_SF = 0x13,
	VAL_OFFSET = 0x14,
	VAL_OFFSET_SF = 0x15,
	VAL_EXPRESSION = 0x16,
	AARCH64_NEGATE_RA_STATE_WITH_PC = 0x2c,
	AARCH64_NEGATE_RA_STATE = 0x2d, // the signature is always stripped: nothing to remember
	GNU_ARGS_SIZE = 0x2e,
	GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
};

enum { MAX_REMEMBERED = 4 }; // compilers nest one deep

struct row {
	struct cp_place cfa;
	int32_t cfa_offset; // outlives an expression: libgcrypt goes back to a register and counts on it
	struct cp_place saved[CP_TRACKED];
};

struct machine {
	const struct cp_module *module;
	const struct cp_fde *fde;
	struct cp_cursor code;
	uintptr_t loc;
	struct row row, initial;
	uint32_t remembered_count;
	struct row remembered[MAX_REMEMBERED];
};

static void set(struct machine *m, uint64_t reg, struct cp_place place)
{
	int i = cp_tracked_index(reg);
	if (i >= 0)
		m->row.saved[i] = place;
}

static void set_offset(struct machine *m, uint64_t reg, enum cp_place_how how, int64_t factored)
{
	int64_t offset = (int64_t)((uint64_t)factored * (uint64_t)m->fde->data_align);
	if (offset != (int32_t)offset)
		m->code.bad = true;
	set(m, reg, (struct cp_place){.how = how, .offset = (int32_t)offset});
}

static void restore(struct machine *m, uint64_t reg)
{
	int i = cp_tracked_index(reg);
	if (i >= 0)
		m->row.saved[i] = m->initial.saved[i];
}

/** An expression is kept as the place where its length stands. */
static struct cp_place expression(struct machine *m, enum cp_place_how how)
{
	uintptr_t at = (uintptr_t)m->code.at - m->module->frames_start;
	if (at > INT32_MAX)
		m->code.bad = true;
	cp_cursor_skip(&m->code, cp_cursor_uleb(&m->code));
	return (struct cp_place){.how = how, .offset = (int32_t)at};
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	if (reg >= CP_DWARF_COUNT || offset != (int32_t)offset)
		m->code.bad = true;
	m->row.cfa = (struct cp_place){CP_PLACE_REGISTER, (uint8_t)reg, (int32_t)offset};
	m->row.cfa_offset = (int32_t)offset;
}

static void set_cfa_offset(struct machine *m, int64_t offset)
{
	if (m->row.cfa.how == CP_PLACE_REGISTER)
		set_cfa(m, m->row.cfa.reg, offset);
	else if (m->row.cfa.how == CP_PLACE_UNDEFINED)
		m->code.bad = true;
	else
		m->row.cfa_offset = (int32_t)offset;
}

static void remember(struct machine *m)
{
	if (m->remembered_count == MAX_REMEMBERED)
		m->code.bad = true;
	else
		m->remembered[m->remembered_count++] = m->row;
}

static void recall(struct machine *m)
{
	if (m->remembered_count == 0)
		m->code.bad = true;
	else
		m->row = m->remembered[--m->remembered_count];
}

/** Instructions about the CFA. False: op is none of them. */
static bool run_cfa(struct machine *m, uint8_t op)
{
	struct cp_cursor *c = &m->code;
	int64_t data_align = m->fde->data_align;
	uint64_t reg;
	switch (op) {
	case DEF_CFA:
		reg = cp_cursor_uleb(c);
		set_cfa(m, reg, (int64_t)cp_cursor_uleb(c));
		return true;
	case DEF_CFA_SF:
		reg = cp_cursor_uleb(c);
		set_cfa(m, reg, (int64_t)((uint64_t)cp_cursor_sleb(c) * (uint64_t)data_align));
		return true;
	case DEF_CFA_REGISTER:
		set_cfa(m, cp_cursor_uleb(c), m->row.cfa_offset);
		return true;
	case DEF_CFA_OFFSET:
		set_cfa_offset(m, (int64_t)cp_cursor_uleb(c));
		return true;
	case DEF_CFA_OFFSET_SF:
		set_cfa_offset(m, (int64_t)((uint64_t)cp_cursor_sleb(c) * (uint64_t)data_align));
		return true;
	case DEF_CFA_EXPRESSION:
		m->row.cfa = expression(m, CP_PLACE_IS_EXPR);
		return true;
	default:
		return false;
	}
}

/** Instructions about one register. False: op is none of them. */
static bool run_register(struct machine *m, uint8_t op)
{
	struct cp_cursor *c = &m->code;
	if (op < OFFSET_EXTENDED || (op > REGISTER && op < EXPRESSION))
		return false;
	if (op > VAL_EXPRESSION && op != GNU_NEGATIVE_OFFSET_EXTENDED)
		return false;
	if (op == DEF_CFA_SF || op == DEF_CFA_OFFSET_SF)
		return false;
	uint64_t reg = cp_cursor_uleb(c);
	switch (op) {
	case OFFSET_EXTENDED:
		set_offset(m, reg, CP_PLACE_AT_CFA, (int64_t)cp_cursor_uleb(c));
		break;
	case OFFSET_EXTENDED_SF:
		set_offset(m, reg, CP_PLACE_AT_CFA, cp_cursor_sleb(c));
		break;
	case GNU_NEGATIVE_OFFSET_EXTENDED:
		set_offset(m, reg, CP_PLACE_AT_CFA, (int64_t)(0 - cp_cursor_uleb(c)));
		break;
	case VAL_OFFSET:
		set_offset(m, reg, CP_PLACE_IS_CFA, (int64_t)cp_cursor_uleb(c));
		break;
	case VAL_OFFSET_SF:
		set_offset(m, reg, CP_PLACE_IS_CFA, cp_cursor_sleb(c));
		break;
	case RESTORE_EXTENDED:
		restore(m, reg);
		break;
	case UNDEFINED:
		set(m, reg, (struct cp_place){.how = CP_PLACE_UNDEFINED});
		break;
	case SAME_VALUE:
		set(m, reg, (struct cp_place){.how = CP_PLACE_SAME});
		break;
	case REGISTER: {
		uint64_t from = cp_cursor_uleb(c);
		if (from >= CP_DWARF_COUNT && cp_tracked_index(reg) >= 0)
			c->bad = true;
		set(m, reg, (struct cp_place){.how = CP_PLACE_REGISTER, .reg = (uint8_t)from});
		break;
	}
	case EXPRESSION:
		set(m, reg, expression(m, CP_PLACE_AT_EXPR));
		break;
	default: // VAL_EXPRESSION
		set(m, reg, expression(m, CP_PLACE_IS_EXPR));
		break;
	}
	return true;
}

static void run_other(struct machine *m, uint8_t op)
{
	struct cp_cursor *c = &m->code;
	uint64_t code_align = m->fde->code_align;
	switch (op) {
	case NOP:
	case AARCH64_NEGATE_RA_STATE:
	case AARCH64_NEGATE_RA_STATE_WITH_PC:
		break;
	case SET_LOC:
		m->loc = cp_cfi_pointer(c, m->fde->pointer_encoding);
		break;
	case ADVANCE_LOC1:
		m->loc += cp_cursor_uint(c, 1) * code_align;
		break;
	case ADVANCE_LOC2:
		m->loc += cp_cursor_uint(c, 2) * code_align;
		break;
	case ADVANCE_LOC4:
		m->loc += cp_cursor_uint(c, 4) * code_align;
		break;
	case REMEMBER_STATE:
		remember(m);
		break;
	case RESTORE_STATE:
		recall(m);
		break;
	case GNU_ARGS_SIZE:
		cp_cursor_uleb(c);
		break;
	default:
		c->bad = true;
	}
}

/** Runs until the location passes pc, or to the end. */
static int run(struct machine *m, struct cp_cursor code, uintptr_t pc)
{
	m->code = code;
	while (m->code.at < m->code.end && m->loc <= pc) {
		uint8_t op = *m->code.at++;
		uint8_t operand = op & 0x3f;
		switch (op & 0xc0) {
		case ADVANCE_LOC:
			m->loc += operand * m->fde->code_align;
			break;
		case OFFSET:
			set_offset(m, operand, CP_PLACE_AT_CFA, (int64_t)cp_cursor_uleb(&m->code));
			break;
		case RESTORE:
			restore(m, operand);
			break;
		default:
			if (!run_cfa(m, op) && !run_register(m, op))
				run_other(m, op);
		}
		if (m->code.bad)
			return -EINVAL;
	}
	return 0;
}

int cp_cfi_run(const struct cp_module *module, const struct cp_fde *fde, uintptr_t pc,
		struct cp_rule *rule_out)
{
	struct machine m;
	m.module = module;
	m.fde = fde;
	m.remembered_count = 0;
	m.row = (struct row){
		.cfa = {.how = CP_PLACE_UNDEFINED},
		.saved[CP_SP] = {.how = CP_PLACE_IS_CFA},
	};
	m.initial = m.row;
	m.loc = 0;
	if (run(&m, fde->initial, UINTPTR_MAX))
		return -EINVAL;
	m.initial = m.row;
	m.loc = fde->pc_start;
	if (run(&m, fde->program, pc))
		return -EINVAL;
	rule_out->cfa = m.row.cfa;
	memcpy(rule_out->saved, m.row.saved, sizeof(m.row.saved));
	rule_out->is_signal_frame = fde->is_signal_frame;
	return m.row.cfa.how == CP_PLACE_UNDEFINED && !fde->is_signal_frame ? -EINVAL : 0;
}

int cp_cfi_rule(const struct cp_module *m, uintptr_t pc, struct cp_rule *rule_out)
{
	struct cp_fde fde;
	int err = cp_cfi_find(m, pc, &fde);
	return err ? err : cp_cfi_run(m, &fde, pc, rule_out);
}
