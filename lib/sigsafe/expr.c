// SPDX-License-Identifier: MIT
// Context: SIG. DWARF expressions, as far as unwind tables use them: PLT stubs, realigned stacks
// (OpenSSL's assembly, GCC's), signal frames. No branches, so every expression ends.
#include "cursor.h"
#include "frame.h"
#include "modmap.h"

enum {
	ADDR = 0x03,
	DEREF = 0x06,
	CONST1U = 0x08, // then 1s, 2u, 2s, 4u, 4s, 8u, 8s
	CONST8S = 0x0f,
	CONSTU = 0x10,
	CONSTS = 0x11,
	DUP = 0x12,
	DROP = 0x13,
	SWAP = 0x16,
	AND = 0x1a,
	MINUS = 0x1c,
	MUL = 0x1e,
	OR = 0x21,
	PLUS = 0x22,
	PLUS_UCONST = 0x23,
	SHL = 0x24,
	SHR = 0x25,
	XOR = 0x27,
	EQ = 0x29,
	GE = 0x2a,
	GT = 0x2b,
	LE = 0x2c,
	LT = 0x2d,
	NE = 0x2e,
	LIT0 = 0x30,
	LIT31 = 0x4f,
	BREG0 = 0x70,
	BREG31 = 0x8f,
	BREGX = 0x92,
	NO_OP = 0x96,
};

enum { MAX_DEPTH = 16 };

struct expr {
	struct cp_cursor code;
	struct cp_frame *frame;
	uint32_t depth;
	uintptr_t stack[MAX_DEPTH];
};

static void push(struct expr *e, uintptr_t value)
{
	if (e->depth == MAX_DEPTH)
		e->code.bad = true;
	else
		e->stack[e->depth++] = value;
}

static uintptr_t pop(struct expr *e)
{
	if (e->depth == 0) {
		e->code.bad = true;
		return 0;
	}
	return e->stack[--e->depth];
}

static void push_register(struct expr *e, uint64_t reg)
{
	uintptr_t value = 0;
	if (reg >= CP_DWARF_COUNT || !cp_frame_register(e->frame, (uint8_t)reg, &value))
		e->code.bad = true;
	push(e, value + (uintptr_t)cp_cursor_sleb(&e->code));
}

static void push_constant(struct expr *e, uint8_t op)
{
	unsigned kind = op - CONST1U;
	size_t nbytes = (size_t)1 << kind / 2;
	push(e, kind % 2 ? (uintptr_t)cp_cursor_int(&e->code, nbytes) : (uintptr_t)cp_cursor_uint(&e->code, nbytes));
}

static void dereference(struct expr *e)
{
	uintptr_t value = 0;
	if (!cp_load(&e->frame->stack, pop(e), &value))
		e->code.bad = true;
	push(e, value);
}

static void apply_binary(struct expr *e, uint8_t op)
{
	uintptr_t b = pop(e), a = pop(e);
	intptr_t sa = (intptr_t)a, sb = (intptr_t)b;
	enum { BITS = 64 };
	switch (op) {
	case AND: return push(e, a & b);
	case MINUS: return push(e, a - b);
	case MUL: return push(e, a * b);
	case OR: return push(e, a | b);
	case PLUS: return push(e, a + b);
	case SHL: return push(e, b < BITS ? a << b : 0);
	case SHR: return push(e, b < BITS ? a >> b : 0);
	case XOR: return push(e, a ^ b);
	case EQ: return push(e, a == b);
	case GE: return push(e, sa >= sb);
	case GT: return push(e, sa > sb);
	case LE: return push(e, sa <= sb);
	case LT: return push(e, sa < sb);
	case NE: return push(e, a != b);
	default: e->code.bad = true;
	}
}

static void apply(struct expr *e, uint8_t op)
{
	if (op >= LIT0 && op <= LIT31)
		return push(e, op - LIT0);
	if (op >= BREG0 && op <= BREG31)
		return push_register(e, op - BREG0);
	if (op >= CONST1U && op <= CONST8S)
		return push_constant(e, op);
	switch (op) {
	case ADDR: return push(e, (uintptr_t)cp_cursor_uint(&e->code, 8));
	case CONSTU: return push(e, (uintptr_t)cp_cursor_uleb(&e->code));
	case CONSTS: return push(e, (uintptr_t)cp_cursor_sleb(&e->code));
	case BREGX: return push_register(e, cp_cursor_uleb(&e->code));
	case PLUS_UCONST: return push(e, pop(e) + (uintptr_t)cp_cursor_uleb(&e->code));
	case DEREF: return dereference(e);
	case DROP: return (void)pop(e);
	case NO_OP: return;
	case DUP: {
		uintptr_t top = pop(e);
		push(e, top);
		return push(e, top);
	}
	case SWAP: {
		uintptr_t b = pop(e), a = pop(e);
		push(e, b);
		return push(e, a);
	}
	default: return apply_binary(e, op);
	}
}

bool cp_expr_value(const struct cp_module *m, int32_t block, struct cp_frame *f, const uintptr_t *cfa,
		uintptr_t *value_out)
{
	struct expr e;
	e.frame = f;
	e.depth = 0;
	e.code = (struct cp_cursor){(const uint8_t *)m->frames_start + block, (const uint8_t *)m->frames_end, false};
	uint64_t nbytes = cp_cursor_uleb(&e.code);
	if (nbytes > cp_cursor_left(&e.code))
		return false;
	e.code.end = e.code.at + nbytes;
	if (cfa)
		push(&e, *cfa);
	while (e.code.at < e.code.end && !e.code.bad)
		apply(&e, *e.code.at++);
	*value_out = pop(&e);
	return !e.code.bad;
}
