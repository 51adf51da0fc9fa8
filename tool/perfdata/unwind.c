// SPDX-License-Identifier: MIT
// See unwind.h. libdw says by which rules the caller's registers come out of the callee's; here they are worked
// out over the copied stack. Where there are no rules (generated code), the frame pointer is believed while it
// points upwards into the copy.
#include "tool/perfdata/unwind.h"

#include <string.h>

enum { NREGISTERS = 33, MAX_WORDS = 32 };

// What libdw numbers as DWARF does, the kernel numbers its own way.
struct machine {
	uint32_t sp, fp, pc, nregisters;
	int8_t of_kernel[NREGISTERS]; // -1: it takes no part
};

static const struct machine x86_64 = {7, 6, 16, 17,
		{0, 3, 2, 1, 4, 5, 6, 7, 16, -1, -1, -1, -1, -1, -1, -1, 8, 9, 10, 11, 12, 13, 14, 15,
				-1, -1, -1, -1, -1, -1, -1, -1, -1}};
static const struct machine aarch64 = {31, 29, 32, 33,
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
				28, 29, 30, 31, 32}};

struct registers {
	uint64_t value[NREGISTERS];
	uint64_t known; // a bit a register
};

struct walk {
	const struct machine *machine;
	struct registers now;
	uint64_t stack_start, stack_bytes;
	const uint8_t *stack;
	bool left_copy; // something was asked of behind its end
	bool is_call;   // pc is behind a call, not where the thread was stopped or interrupted by a signal
};

static bool has(const struct registers *r, uint64_t number)
{
	return number < NREGISTERS && r->known >> number & 1;
}

static void set(struct registers *r, uint32_t number, uint64_t value)
{
	r->value[number] = value;
	r->known |= UINT64_C(1) << number;
}

static bool load_word(struct walk *w, uint64_t address, uint64_t *word_out)
{
	uint64_t at = address - w->stack_start;
	if (at > w->stack_bytes || w->stack_bytes - at < sizeof *word_out) {
		w->left_copy |= address >= w->stack_start;
		return false;
	}
	memcpy(word_out, w->stack + at, sizeof *word_out);
	return true;
}

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
	if (!has(&e->walk->now, number))
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
		e->failed |= !load_word(e->walk, pop(e), &word);
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
		if (is_same && has(&w->now, number))
			set(caller, number, w->now.value[number]);
		return;
	}
	struct evaluation e = {.walk = w, .cfa = cfa};
	if (!evaluate(&e, ops, nops, &result))
		return;
	// What lies below the stack has been taken from there and is back in place: LLVM's `pop %rbp` before `ret`.
	if (!e.is_value && result < w->stack_start && has(&w->now, number))
		set(caller, number, w->now.value[number]);
	else if (e.is_value || load_word(w, result, &result))
		set(caller, number, result);
}

static bool step_by_rules(struct walk *w, Dwarf_Frame *frame)
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
	set(&caller, w->machine->sp, cfa);
	if (has(&caller, (uint64_t)return_address))
		set(&caller, w->machine->pc, caller.value[return_address]);
	else if (!w->left_copy) // undefined: so the outermost function says that it is
		set(&caller, w->machine->pc, 0);
	w->now = caller;
	w->is_call = !is_signal;
	return has(&caller, w->machine->pc);
}

static bool step_by_frame_pointer(struct walk *w)
{
	const struct machine *m = w->machine;
	uint64_t fp = w->now.value[m->fp], caller_fp, pc;
	if (has(&w->now, m->fp) && fp == 0) { // as the ABI marks the outermost frame
		set(&w->now, m->pc, 0);
		return true;
	}
	if (!has(&w->now, m->fp) || fp < w->now.value[m->sp] || fp % sizeof fp != 0 || !load_word(w, fp, &caller_fp) ||
			!load_word(w, fp + sizeof fp, &pc))
		return false;
	set(&w->now, m->fp, caller_fp);
	set(&w->now, m->sp, fp + 2 * sizeof fp);
	set(&w->now, m->pc, pc);
	w->is_call = true;
	return true;
}

static bool begin(struct walk *w, const struct perf_sample *s)
{
	const struct machine *m = w->machine;
	struct reader values = reader_of(s->registers, 8 * (size_t)__builtin_popcountll(s->registers_mask));
	for (uint32_t i = 0; i < 64; i++) {
		if (!(s->registers_mask >> i & 1))
			continue;
		uint64_t value = read_u64(&values);
		if (i < NREGISTERS && m->of_kernel[i] >= 0)
			set(&w->now, (uint32_t)m->of_kernel[i], value);
	}
	w->stack = s->stack;
	w->stack_bytes = s->stack_bytes;
	w->stack_start = w->now.value[m->sp];
	return has(&w->now, m->sp) && has(&w->now, m->pc);
}

uint32_t unwind_dump(struct cfi_tables *t, struct processes *p, const struct perf_sample *s, uint64_t *addresses_out,
		uint32_t max, enum unwind_end *end_out)
{
	struct walk w = {.machine = s->is_aarch64 ? &aarch64 : &x86_64};
	uint32_t n = 0;
	*end_out = UNWIND_NO_RULE;
	if (!begin(&w, s))
		return 0;
	for (uint64_t pc; n < max && (pc = w.now.value[w.machine->pc]) != 0;) {
		uint64_t sp = w.now.value[w.machine->sp];
		// A return address may be that of the next function, where the call is the last of its own.
		uint64_t at = w.is_call ? pc - 1 : pc;
		addresses_out[n++] = at;
		struct address_range *range = process_range(p, s->pid, at);
		Dwarf_Frame *frame = range ? cfi_row(t, range, at) : NULL;
		bool stepped = frame ? step_by_rules(&w, frame) : step_by_frame_pointer(&w);
		if (!w.is_call) // where a handler returns to, nothing has called
			addresses_out[n - 1] = pc;
		// Only the innermost function may have put nothing there, not even where it returns to (aarch64).
		uint64_t caller_sp = w.now.value[w.machine->sp];
		bool stays = caller_sp == sp && n > 1 && w.now.value[w.machine->pc] != 0;
		if (!stepped || caller_sp < sp || stays) {
			*end_out = w.left_copy ? UNWIND_DUMP_END : UNWIND_NO_RULE;
			return n;
		}
	}
	*end_out = UNWIND_WHOLE;
	return n;
}
