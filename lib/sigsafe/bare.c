// SPDX-License-Identifier: MIT
// Context: SIG. The evidence a stack gives without tables; see bare.h. unwind.c weighs it.
#include "bare.h"
#include "cfi.h"
#include "modmap.h"

enum {
	WORD_BYTES = sizeof(uintptr_t),
	MAX_FP_FRAME_BYTES = 256 << 10, // a frame pointer further up is some other number
	MAX_CALL_BYTES = 7,
	STUB_BYTES = 8,
};

#if defined(__x86_64__)
enum { CALL_REL = 0xe8, GROUP5 = 0xff, GROUP5_CALL = 2 };

/** `call rel32`, or `call r/m64` in the lengths it comes in. */
static bool ends_in_call(const uint8_t *end)
{
	if (end[-5] == CALL_REL)
		return true;
	for (int nbytes = 2; nbytes <= MAX_CALL_BYTES; nbytes++) {
		uint8_t modrm = end[1 - nbytes], mode = modrm >> 6, has_sib = mode != 3 && (modrm & 7) == 4;
		int displacement = mode == 1 ? 1 : mode == 2 || (mode == 0 && (modrm & 7) == 5) ? 4 : 0;
		if (end[-nbytes] == GROUP5 && (modrm >> 3 & 7) == GROUP5_CALL && nbytes == 2 + has_sib + displacement)
			return true;
	}
	return false;
}

/** Where a direct call went, 0: it was none. */
static uintptr_t call_target(const uint8_t *end)
{
	int32_t relative;
	if (end[-5] != CALL_REL)
		return 0;
	__builtin_memcpy(&relative, end - sizeof(relative), sizeof(relative));
	return (uintptr_t)end + (uintptr_t)(intptr_t)relative;
}

/** `jmp *address`, after an `endbr64` or a `bnd` prefix: a PLT stub. */
static bool is_jump_stub(const uint8_t *code)
{
	static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
	if (!__builtin_memcmp(code, endbr, sizeof(endbr)))
		code += sizeof(endbr);
	code += *code == 0xf2;
	return code[0] == GROUP5 && code[1] == 0x25;
}
#elif defined(__aarch64__)
/** `bl` or `blr`. */
static bool ends_in_call(const uint8_t *end)
{
	uint32_t instruction;
	__builtin_memcpy(&instruction, end - sizeof(instruction), sizeof(instruction));
	return (instruction & 0xfc000000) == 0x94000000 || (instruction & 0xfffffc1f) == 0xd63f0000;
}

static uintptr_t call_target(const uint8_t *end)
{
	return 0;
}

static bool is_jump_stub(const uint8_t *code)
{
	return false;
}
#endif

bool cp_bare_is_return_address(uintptr_t pc)
{
	struct cp_readable code = {0};
	return pc > CP_MARKER_LIMIT && cp_readable(&code, pc - MAX_CALL_BYTES, MAX_CALL_BYTES) &&
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
		(cp_readable(&code, target, STUB_BYTES) && is_jump_stub((const uint8_t *)target));
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
