// SPDX-License-Identifier: MIT
// Context: SIG. The evidence a stack gives without tables; see bare.h. unwind.c weighs it.
#include "bare.h"
#include "cfi.h"
#include "format/call_site.h"
#include "format/prologue.h"
#include "modmap.h"

enum {
	WORD_BYTES = sizeof(uintptr_t),
	MAX_FP_FRAME_BYTES = 256 << 10, // a frame pointer further up is some other number
};

#if defined(__x86_64__)
static bool ends_in_call(const uint8_t *end)
{
	return call_site_x86_64(end);
}

/** Where a direct call went, 0: it was none. */
static uintptr_t call_target(const uint8_t *end)
{
	int32_t distance = call_site_distance_x86_64(end);
	return distance ? (uintptr_t)end + (uintptr_t)(intptr_t)distance : 0;
}

static bool is_jump_stub(const uint8_t *code)
{
	return is_jump_stub_x86_64(code);
}

static bool prologue_fits(const uint8_t *code, uintptr_t pc, uintptr_t stack_bytes)
{
	return prologue_fits_x86_64(code, (uintptr_t)code, pc, stack_bytes);
}
#elif defined(__aarch64__)
static bool ends_in_call(const uint8_t *end)
{
	return call_site_aarch64(end);
}

static uintptr_t call_target(const uint8_t *end)
{
	return 0;
}

static bool is_jump_stub(const uint8_t *code)
{
	return false;
}

static bool prologue_fits(const uint8_t *code, uintptr_t pc, uintptr_t stack_bytes)
{
	return false;
}
#endif

bool cp_bare_is_return_address(uintptr_t pc)
{
	struct cp_readable code = {0};
	return pc > CP_MARKER_LIMIT && cp_readable(&code, pc - CALL_SITE_BYTES, CALL_SITE_BYTES) &&
		ends_in_call((const uint8_t *)pc);
}

/** Old return addresses lie about in the locals of a function. One whose call went to code with tables has
 *  not called code without; through a PLT stub it may have. */
static bool may_have_called_bare_code(uintptr_t pc)
{
	uintptr_t target = call_target((const uint8_t *)pc);
	const struct cp_module *m = target ? cp_modmap_find(target, NULL) : NULL;
	struct cp_readable code = {0};
	struct cp_fde fde;
	return !m || cp_cfi_find(m, target, &fde) ||
		(cp_readable(&code, target, JUMP_STUB_BYTES) && is_jump_stub((const uint8_t *)target));
}

static void set_caller(const struct cp_frame *f, uintptr_t pc, uintptr_t sp, struct cp_frame *caller_out)
{
	*caller_out = *f;
	caller_out->pc = pc;
	caller_out->sp = sp;
	caller_out->context = NULL;
	caller_out->interrupted = false;
}

bool cp_bare_behind_fp(struct cp_frame *f, struct cp_frame *caller_out)
{
	uintptr_t fp, pc;
	if (f->fp < f->sp || f->fp - f->sp > MAX_FP_FRAME_BYTES || f->fp % WORD_BYTES ||
		!cp_load(&f->stack, f->fp, &fp) || !cp_load(&f->stack, f->fp + WORD_BYTES, &pc))
		return false;
	set_caller(f, pc, f->fp + 2 * WORD_BYTES, caller_out);
	caller_out->fp = fp;
	return true;
}

bool cp_bare_behind_word(struct cp_frame *f, uintptr_t at, struct cp_frame *caller_out)
{
	uintptr_t pc;
	if (!cp_load(&f->stack, at, &pc) || !cp_modmap_find(pc - 1, NULL) || !cp_bare_is_return_address(pc) ||
		!may_have_called_bare_code(pc))
		return false;
	set_caller(f, pc, at + WORD_BYTES, caller_out);
	return true;
}

bool cp_bare_has_called(const struct cp_frame *f, uintptr_t sp, const struct cp_frame *caller)
{
	uintptr_t start = call_target((const uint8_t *)caller->pc);
	struct cp_readable code = {0};
	return start && start <= f->pc && cp_readable(&code, start, PROLOGUE_BYTES) &&
		prologue_fits((const uint8_t *)start, f->pc, caller->sp - WORD_BYTES - sp);
}
