// SPDX-License-Identifier: MIT
// See plt_stub.h. The jump is decoded instead of counting stubs: linkers order .plt, .plt.sec and .plt.got each in its
// own way.
#include "format/plt_stub.h"

#include <string.h>

/** [endbr64] [bnd] jmp *disp(%rip). */
uint64_t plt_stub_slot_x86_64(const uint8_t code[PLT_STUB_BYTES], uint64_t vaddr)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
	enum { BND = 0xf2, JUMP_BYTES = 6 };
	size_t at = memcmp(code, endbr64, sizeof(endbr64)) == 0 ? sizeof(endbr64) : 0;
	at += code[at] == BND;
	if (code[at] != 0xff || code[at + 1] != 0x25)
		return 0;
	int32_t disp;
	memcpy(&disp, code + at + 2, sizeof(disp));
	return vaddr + at + JUMP_BYTES + (uint64_t)(int64_t)disp;
}

/** [bti c] adrp x16, page; ldr x17, [x16, #offset]. */
uint64_t plt_stub_slot_aarch64(const uint8_t code[PLT_STUB_BYTES], uint64_t vaddr)
{
	enum { BTI_C = 0xd503245f };
	uint32_t insn[PLT_STUB_BYTES / 4];
	memcpy(insn, code, sizeof(insn));
	unsigned i = insn[0] == BTI_C;
	if ((insn[i] & 0x9f00001f) != 0x90000010 || (insn[i + 1] & 0xffc003ff) != 0xf9400211)
		return 0;
	int64_t pages = (int64_t)((insn[i] >> 5 & 0x7ffff) << 2 | (insn[i] >> 29 & 3));
	pages = (int64_t)((uint64_t)pages << 43) >> 43; // 21 bits, signed
	return (vaddr & ~(uint64_t)0xfff) + (uint64_t)pages * 4096 + (insn[i + 1] >> 10 & 0xfff) * 8;
}
