// SPDX-License-Identifier: MIT
// Context: SIG. The walk; see unwind.h, and docs/internals/unwinding.md for the whole picture.
//
// The common frame costs one load from the rule cache and two or three from the stack, and stays in
// registers (walk_known). Everything else is a step(): a pc met for the first time, a rule too odd to
// pack, code without tables, a part of the stack not known to be readable yet.
#include <errno.h>

#include "bare.h"
#include "cfi.h"
#include "modmap.h"
#include "rulecache.h"
#include "sys.h"
#if defined(__x86_64__)
#include "unwind_x86_64.h"
#elif defined(__aarch64__)
#include "unwind_aarch64.h"
#endif

enum {
	TRAMPOLINE_BYTES = 16,
	MAX_SCAN_BYTES = 2048, // locals of a codec's assembly
	REALIGNED_BYTES = 1024, // at least, where assembly aligns its stack for a buffer
	MAX_BUFFER_BYTES = 64 << 10,
	MAX_SAVED_BYTES = 512, // registers and arguments of such a function, below its return address
};

// What a step came to: on, at the root, or a marker (which is positive).
enum step { STEP_ON = -1, STEP_ROOT = 0 };

struct walk {
	struct cp_frame frame;
	uint32_t ticket; // of the module map, if entered
	bool entered;
	bool used_fp; // or another guess
};

/** A return address belongs to the call before it: that may be the last instruction of a function. */
static inline uintptr_t key_of(const struct cp_frame *f)
{
	return f->pc - !f->interrupted;
}

/** What a frame's registers were in its caller is known now. */
static inline int arrive(struct cp_frame *f)
{
	f->context = NULL;
	f->interrupted = false;
	f->pc = strip_pc(f->pc);
	if (f->pc == 0)
		return STEP_ROOT;
	return f->pc < CP_MARKER_LIMIT ? CP_MARKER_BAD_STACK : STEP_ON;
}

static bool step_plain(struct cp_frame *f, uint32_t packed)
{
	return apply_plain(f, packed) || (reach_places(f, packed) && apply_plain(f, packed));
}

/** The packed rule of a module's pc, 0: it has none that can be packed. */
static uint32_t look_up_packed(uintptr_t key)
{
	uint32_t packed = cp_rulecache_get(key);
	struct cp_rule rule;
	const struct cp_module *m = packed ? NULL : cp_modmap_find(key, NULL);
	return m && !cp_cfi_rule(m, key, &rule) ? pack(&rule) : packed;
}

/** A guessed caller is believed if it has a rule, and by that rule a caller too. */
static bool is_confirmed(const struct cp_frame *guess)
{
	struct cp_frame caller = *guess;
	uint32_t packed = look_up_packed(key_of(guess));
	return packed == PACKED_ROOT ||
		(is_plain(packed) && step_plain(&caller, packed) && cp_bare_is_return_address(caller.pc));
}

static int go_to(struct walk *w, const struct cp_frame *caller)
{
	w->frame = *caller;
	w->used_fp = true;
	return arrive(&w->frame);
}

/** The return address in so many bytes of the stack that has a caller, too: the one of which the function's prologue
 *  tells, or else the first. */
static bool find_caller(struct cp_frame *f, uintptr_t from, size_t nbytes, struct cp_frame *caller_out)
{
	bool is_found = false;
	struct cp_frame caller;
	for (uintptr_t at = from; at < from + nbytes && cp_readable(&f->stack, at, WORD_BYTES); at += WORD_BYTES) {
		if (!cp_bare_behind_word(f, at, &caller) || !is_confirmed(&caller))
			continue;
		if (!is_found)
			*caller_out = caller;
		is_found = true;
		if (cp_bare_has_called(f, from, &caller)) {
			*caller_out = caller;
			break;
		}
	}
	return is_found;
}

/** The kernels of OpenBLAS align the stack to pages, below a buffer larger than one would search, and keep the
 *  stack there was in rbx. What lies in the buffer is of calls long over. */
static bool has_realigned(const struct cp_frame *f)
{
	return f->sp % REALIGNED_BYTES == 0 && f->extra > f->sp && f->extra - f->sp <= MAX_BUFFER_BYTES &&
		f->extra % WORD_BYTES == 0;
}

/** Code in a module that no FDE covers, by the best evidence there is: the return address on top of a leaf's
 *  stack, one behind the frame pointer, one above the stack that was before it was aligned, one further up, or
 *  the frame pointer's bare word. */
static int step_bare(struct walk *w)
{
	struct cp_frame *f = &w->frame, by_fp, caller;
	if (f->sp % WORD_BYTES)
		return CP_MARKER_BAD_STACK;
	if (f->interrupted && cp_bare_behind_word(f, f->sp, &caller) && is_confirmed(&caller))
		return go_to(w, &caller);
	bool has_fp = cp_bare_behind_fp(f, &by_fp);
	if (has_fp && cp_bare_is_return_address(by_fp.pc))
		return go_to(w, &by_fp);
	if ((has_realigned(f) && find_caller(f, f->extra, MAX_SAVED_BYTES, &caller)) ||
		find_caller(f, f->sp, MAX_SCAN_BYTES, &caller))
		return go_to(w, &caller);
	return has_fp ? go_to(w, &by_fp) : CP_MARKER_NO_CFI;
}

static int step_through_signal(struct cp_frame *f)
{
	if (!leave_signal_frame(f))
		return CP_MARKER_BAD_STACK;
	return f->pc < CP_MARKER_LIMIT ? CP_MARKER_NO_MODULE : STEP_ON;
}

static int step_packed(struct walk *w, uint32_t packed)
{
	switch (packed & PACKED_KIND_MASK) {
	case PACKED_ROOT:
		return STEP_ROOT;
	case PACKED_SIGNAL:
		return step_through_signal(&w->frame);
	case PACKED_NO_RULE:
		// The ABI asks for a zero frame pointer in the first frame of a thread; coroutines' have none.
		if (!w->frame.interrupted &&
			(w->frame.fp == 0 || cp_readable_ends_near(&w->frame.stack, w->frame.sp)))
			return STEP_ROOT;
		return step_bare(w);
	default:
		return step_plain(&w->frame, packed) ? arrive(&w->frame) : CP_MARKER_BAD_STACK;
	}
}

/** Where a register of the caller is, as `place` says; *value_inout holds what it is in this frame. */
static int read_place(const struct cp_module *m, struct cp_frame *f, struct cp_place place, uintptr_t cfa,
		uintptr_t *value_inout)
{
	uintptr_t value;
	switch (place.how) {
	case CP_PLACE_SAME:
		return STEP_ON;
	case CP_PLACE_UNDEFINED:
		*value_inout = 0;
		return STEP_ON;
	case CP_PLACE_IS_CFA:
		*value_inout = cfa + (uintptr_t)(intptr_t)place.offset;
		return STEP_ON;
	case CP_PLACE_REGISTER:
		return cp_frame_register(f, place.reg, value_inout) ? STEP_ON : CP_MARKER_BAD_RULE;
	case CP_PLACE_IS_EXPR:
		return cp_expr_value(m, place.offset, f, &cfa, value_inout) ? STEP_ON : CP_MARKER_BAD_RULE;
	case CP_PLACE_AT_EXPR:
		if (!cp_expr_value(m, place.offset, f, &cfa, &value))
			return CP_MARKER_BAD_RULE;
		break;
	default:
		value = cfa + (uintptr_t)(intptr_t)place.offset;
		if (value < f->sp) // popped already, the register has it
			return STEP_ON;
	}
	return cp_load(&f->stack, value, value_inout) ? STEP_ON : CP_MARKER_BAD_STACK;
}

/** Applies a rule that does not fit into the cache. */
static int step_by_rule(const struct cp_module *m, const struct cp_rule *rule, struct cp_frame *f)
{
	uintptr_t cfa;
	if (rule->cfa.how == CP_PLACE_REGISTER) {
		if (!cp_frame_register(f, rule->cfa.reg, &cfa))
			return CP_MARKER_BAD_RULE;
		cfa += (uintptr_t)(intptr_t)rule->cfa.offset;
	} else if (!cp_expr_value(m, rule->cfa.offset, f, NULL, &cfa)) {
		return CP_MARKER_BAD_RULE;
	}
	struct cp_frame caller = *f;
	caller.pc = 0;
	int step = STEP_ON;
	if (rule->saved[CP_RA].how == CP_PLACE_SAME && !ra_in_register(f, &caller.pc))
		step = CP_MARKER_BAD_RULE;
	if (step == STEP_ON)
		step = read_place(m, f, rule->saved[CP_EXTRA], cfa, &caller.extra);
	if (step == STEP_ON)
		step = read_place(m, f, rule->saved[CP_FP], cfa, &caller.fp);
	if (step == STEP_ON)
		step = read_place(m, f, rule->saved[CP_RA], cfa, &caller.pc);
	if (step == STEP_ON)
		step = read_place(m, f, rule->saved[CP_SP], cfa, &caller.sp);
	if (step != STEP_ON)
		return step;
	// Only a leaf may have pushed nothing at all, where the return address is in a register.
	if (caller.sp % CFA_ALIGN || caller.sp < f->sp || (caller.sp == f->sp && !f->interrupted))
		return CP_MARKER_BAD_STACK;
	caller.stack = f->stack;
	*f = caller;
	return arrive(f);
}

/** Code no FDE covers: a signal trampoline, a PLT stub, or a function in assembly. */
static uint32_t rule_of_bare_code(const struct cp_module *m, const struct cp_frame *f)
{
	struct cp_readable page = {0};
	if (f->pc >= m->end || !cp_readable(&page, f->pc, 1))
		return PACKED_NO_RULE;
	// The start of a function is no return address: nobody called it. makecontext puts it there.
	struct cp_fde fde;
	if (!f->interrupted && !cp_cfi_find(m, f->pc, &fde))
		return fde.is_signal_frame ? PACKED_SIGNAL : PACKED_ROOT;
	const uint8_t *code = (const uint8_t *)f->pc;
	if (!f->interrupted)
		return is_signal_trampoline(code, page.high - f->pc) ? PACKED_SIGNAL : PACKED_NO_RULE;
	uint32_t packed = rule_of_stub(code, f->pc - page.low, page.high - f->pc);
	return packed ? packed : PACKED_NO_RULE;
}

/** No module: generated code, or nothing we could know of. */
static int step_outside(struct walk *w)
{
	struct cp_frame *f = &w->frame;
	struct cp_readable code = {0};
	if (!f->interrupted && cp_readable(&code, f->pc, TRAMPOLINE_BYTES) &&
		is_signal_trampoline((const uint8_t *)f->pc, TRAMPOLINE_BYTES))
		return step_through_signal(f);
	struct cp_frame caller;
	bool is_found = cp_bare_behind_fp(f, &caller);
	// Traces of LuaJIT, PyPy and Guile have one small frame on the stack of the interpreter that ran them.
	if (!is_found && f->sp % WORD_BYTES == 0 && (f->interrupted || cp_bare_is_return_address(f->pc)))
		is_found = find_caller(f, f->sp, MAX_SCAN_BYTES, &caller);
	return is_found ? go_to(w, &caller) : CP_MARKER_NO_MODULE;
}

/** A module the program loaded may be gone without a dlclose we saw (libc unloads its own plugins so). */
static bool is_mapped(const struct cp_module *m)
{
	struct cp_readable tables = {0};
	return !m->may_unload || !m->eh_frame_hdr || cp_readable(&tables, m->eh_frame_hdr, 1);
}

static int step_in_module(struct walk *w, const struct cp_module *m, uintptr_t key)
{
	struct cp_rule rule;
	int err = cp_cfi_rule(m, key, &rule);
	if (err == -EINVAL)
		return CP_MARKER_BAD_RULE;
	uint32_t packed = err ? rule_of_bare_code(m, &w->frame) : pack(&rule);
	if (!packed)
		return step_by_rule(m, &rule, &w->frame);
	cp_rulecache_put(key, packed);
	return step_packed(w, packed);
}

/** Its program had no time yet to tell us of this module. */
static __attribute__((noinline)) int step_in_new_module(struct walk *w, uintptr_t key)
{
	struct cp_module m;
	if (!cp_modmap_find_new(key, &m))
		return step_outside(w);
	return is_mapped(&m) ? step_in_module(w, &m, key) : CP_MARKER_MAP_BUSY;
}

static __attribute__((noinline)) int step_uncached(struct walk *w, uintptr_t key)
{
	bool busy;
	if (!w->entered) {
		w->ticket = cp_modmap_enter();
		w->entered = true;
	}
	const struct cp_module *m = cp_modmap_find(key, &busy);
	if (busy || (m && !is_mapped(m)))
		return CP_MARKER_MAP_BUSY;
	return m ? step_in_module(w, m, key) : step_in_new_module(w, key);
}

static CP_NEAR __attribute__((noinline)) int step(struct walk *w)
{
	uintptr_t key = key_of(&w->frame);
	uint32_t packed = cp_rulecache_get(key);
	return packed ? step_packed(w, packed) : step_uncached(w, key);
}

/** Goes on while all is as it mostly is: a cached plain rule, and a known stack. n grows. */
static uint32_t walk_known(struct cp_frame *frame, uintptr_t *pcs, uint32_t n, uint32_t max)
{
	struct cp_frame f = *frame;
	while (n < max) {
		uint32_t packed = cp_rulecache_get(key_of(&f));
		struct cp_frame caller = f;
		if (!is_plain(packed) || !apply_plain(&caller, packed) || arrive(&caller) != STEP_ON)
			break;
		pcs[n++] = caller.pc;
		f = caller;
	}
	*frame = f;
	return n;
}

/** *stack_inout: what of the stack can be read. */
static CP_NEAR struct cp_unwind_result walk(const struct cp_regs *regs, struct cp_readable *stack_inout, uintptr_t *pcs,
		uint32_t max)
{
	struct walk w = {
		.frame = {
			.pc = regs->pc,
			.sp = regs->sp,
			.fp = regs->fp,
			.extra = regs->extra,
			.context = regs->context,
			.interrupted = true,
			.stack = *stack_inout,
		},
	};
	uint32_t n = 0;
	int result = STEP_ON;
	pcs[n++] = w.frame.pc;
	while (result == STEP_ON) {
		n = walk_known(&w.frame, pcs, n, max);
		result = step(&w);
		if (result == STEP_ON && n == max)
			result = CP_MARKER_TRUNCATED;
		else if (result == STEP_ON)
			pcs[n++] = w.frame.pc + w.frame.interrupted;
	}
	if (w.entered)
		cp_modmap_leave(w.ticket);
	*stack_inout = w.frame.stack;
	if (result != CP_MARKER_TRUNCATED && cp_readable_ends_near(&w.frame.stack, w.frame.sp))
		result = STEP_ROOT;
	if (result != STEP_ROOT) {
		n -= n == max;
		pcs[n++] = (uintptr_t)result;
	}
	return (struct cp_unwind_result){.nframes = n, .marker = (enum cp_marker)result, .used_fp = w.used_fp};
}

/** Where an alternate stack ends is known; of others the kernel may have to be asked. */
static bool has_room(const struct cp_regs *regs)
{
	enum { WALK_BYTES = 2048 };
	if (regs->alternate_low)
		return (uintptr_t)__builtin_frame_address(0) >= regs->alternate_low + WALK_BYTES;
	return cp_readable_has_room(WALK_BYTES);
}

/** Where the thread has no stack left for a walk: ruby, for one, reserves its main thread's up to some 4 KiB before the
 *  end, of which a signal's frame takes three. */
static __attribute__((noinline)) struct cp_unwind_result leaf_alone(const struct cp_regs *regs, uintptr_t *pcs)
{
	pcs[0] = regs->pc;
	pcs[1] = CP_MARKER_BAD_STACK;
	return (struct cp_unwind_result){.nframes = 2, .marker = CP_MARKER_BAD_STACK};
}

CP_NEAR struct cp_unwind_result cp_unwind(const struct cp_regs *regs, uintptr_t *pcs, uint32_t max)
{
	if (!has_room(regs))
		return leaf_alone(regs, pcs);
	struct cp_readable stack = cp_readable_begin(regs->sp);
	struct cp_unwind_result result = walk(regs, &stack, pcs, max);
	cp_readable_keep(&stack);
	return result;
}

struct cp_unwind_result cp_unwind_copy(const struct cp_regs *regs, struct cp_readable copy, uintptr_t *pcs,
		uint32_t max)
{
	return walk(regs, &copy, pcs, max);
}

int cp_unwind_init(void)
{
	if (cp_gettid() == cp_getpid())
		cp_readable_keep_main_stack();
	return 0;
}
