// SPDX-License-Identifier: MIT
// Steps of a walk by tables: libdw says by which rules the caller's registers come out of the callee's; here they are
// worked out over the copied stack. See walk.h.
#include "tool/perfdata/walk.h"

enum { MAX_WORDS = 32 };

/// Expressions

struct evaluation {
	struct walk *walk;
	uint64_t cfa;
	uint64_t words[MAX_WORDS];
	uint32_t nwords;
	bool is_value; // not the address of it
	bool failed;
};

static void push(struct evaluation *e, uint64_t word)
{
	if (e->nwords == MAX_WORDS)
		e->failed = true;
	else
		e->words[e->nwords++] = word;
}

static uint64_t pop(struct evaluation *e)
{
	if (e->nwords == 0) {
		e->failed = true;
		return 0;
	}
	return e->words[--e->nwords];
}

static void push_register(struct evaluation *e, uint64_t number, uint64_t offset)
{
	if (!walk_has(&e->walk->now, number))
		e->failed = true;
	else
		push(e, e->walk->now.value[number] + offset);
}

static void combine(struct evaluation *e, uint8_t atom)
{
	uint64_t y = pop(e), x = pop(e);
	switch (atom) {
	case DW_OP_plus: push(e, x + y); break;
	case DW_OP_minus: push(e, x - y); break;
	case DW_OP_and: push(e, x & y); break;
	case DW_OP_or: push(e, x | y); break;
	case DW_OP_xor: push(e, x ^ y); break;
	case DW_OP_mul: push(e, x * y); break;
	case DW_OP_shl: push(e, y < 64 ? x << y : 0); break;
	case DW_OP_shr: push(e, y < 64 ? x >> y : 0); break;
	case DW_OP_ge: push(e, (int64_t)x >= (int64_t)y); break;
	case DW_OP_gt: push(e, (int64_t)x > (int64_t)y); break;
	case DW_OP_le: push(e, (int64_t)x <= (int64_t)y); break;
	case DW_OP_lt: push(e, (int64_t)x < (int64_t)y); break;
	case DW_OP_eq: push(e, x == y); break;
	case DW_OP_ne: push(e, x != y); break;
	default: e->failed = true; break;
	}
}

static void evaluate_op(struct evaluation *e, const Dwarf_Op *op)
{
	uint64_t word = 0;
	switch (op->atom) {
	case DW_OP_nop: break;
	case DW_OP_lit0 ... DW_OP_lit31: push(e, op->atom - DW_OP_lit0); break;
	case DW_OP_addr:
	case DW_OP_const1u: case DW_OP_const1s: case DW_OP_const2u: case DW_OP_const2s: case DW_OP_const4u:
	case DW_OP_const4s: case DW_OP_const8u: case DW_OP_const8s: case DW_OP_constu: case DW_OP_consts:
		push(e, op->number);
		break;
	case DW_OP_breg0 ... DW_OP_breg31: push_register(e, op->atom - DW_OP_breg0, op->number); break;
	case DW_OP_bregx: push_register(e, op->number, op->number2); break;
	case DW_OP_reg0 ... DW_OP_reg31:
		push_register(e, op->atom - DW_OP_reg0, 0);
		e->is_value = true;
		break;
	case DW_OP_regx:
		push_register(e, op->number, 0);
		e->is_value = true;
		break;
	case DW_OP_call_frame_cfa: push(e, e->cfa); break;
	case DW_OP_plus_uconst: push(e, pop(e) + op->number); break;
	case DW_OP_deref:
		e->failed |= !walk_load(e->walk, pop(e), &word);
		push(e, word);
		break;
	case DW_OP_stack_value: e->is_value = true; break;
	default: combine(e, op->atom); break;
	}
}

static bool evaluate(struct evaluation *e, const Dwarf_Op *ops, size_t nops, uint64_t *result_out)
{
	for (size_t i = 0; i < nops && !e->failed; i++)
		evaluate_op(e, &ops[i]);
	*result_out = pop(e);
	return !e->failed;
}

/// Steps

static void restore(struct walk *w, Dwarf_Frame *frame, uint32_t number, uint64_t cfa, struct registers *caller)
{
	Dwarf_Op place[3], *ops;
	size_t nops;
	uint64_t result;
	if (dwarf_frame_register(frame, (int)number, place, &ops, &nops) != 0)
		return;
	if (nops == 0) {
		bool is_same = ops == NULL;
		if (is_same && walk_has(&w->now, number))
			walk_set(caller, number, w->now.value[number]);
		return;
	}
	struct evaluation e = {.walk = w, .cfa = cfa};
	if (!evaluate(&e, ops, nops, &result))
		return;
	// What lies below the stack has been taken from there and is back in place: LLVM's `pop %rbp` before `ret`.
	if (!e.is_value && result < w->stack_start && walk_has(&w->now, number))
		walk_set(caller, number, w->now.value[number]);
	else if (e.is_value || walk_load(w, result, &result))
		walk_set(caller, number, result);
}

bool walk_by_rules(struct walk *w, Dwarf_Frame *frame)
{
	struct registers caller = {0};
	struct evaluation e = {.walk = w};
	Dwarf_Op *ops;
	size_t nops;
	uint64_t cfa;
	bool is_signal;
	int return_address = dwarf_frame_info(frame, NULL, NULL, &is_signal);
	if (return_address < 0 || return_address >= NREGISTERS || dwarf_frame_cfa(frame, &ops, &nops) != 0 ||
			!evaluate(&e, ops, nops, &cfa))
		return false;
	for (uint32_t i = 0; i < w->machine->nregisters; i++)
		restore(w, frame, i, cfa, &caller);
	walk_set(&caller, w->machine->sp, cfa);
	if (walk_has(&caller, (uint64_t)return_address))
		walk_set(&caller, w->machine->pc, caller.value[return_address]);
	else if (!w->left_copy) // undefined: so the outermost function says that it is
		walk_set(&caller, w->machine->pc, 0);
	w->now = caller;
	w->is_call = !is_signal;
	return walk_has(&caller, w->machine->pc);
}
