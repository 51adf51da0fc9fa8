// SPDX-License-Identifier: MIT
// What of the stack a function takes at its start, read from its code: where there are no unwind tables that tells how
// far above the stack pointer its return address is. Pure, and inline for those in signal handlers.
#ifndef CPROF_FORMAT_PROLOGUE_H
#define CPROF_FORMAT_PROLOGUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	PROLOGUE_BYTES = 32,        // that are read of the function
	MAX_BARE_BYTES = 64 << 10,  // no function written by hand is longer
};

struct prologue {
	uint64_t stack_bytes; // between the return address and the stack pointer, when it is over
	uint32_t code_bytes;
};

/** `push` of a register, or `sub $number, %rsp`: the code's length and the stack's; 0: any other instruction. */
static inline uint32_t prologue_step_x86_64(const uint8_t *code, int32_t *stack_bytes_out)
{
	enum { PUSH = 0x50, PUSH_MASK = 0xf8, REX_B = 0x41 };
	static const uint8_t sub_8[] = {0x48, 0x83, 0xec}, sub_32[] = {0x48, 0x81, 0xec};
	*stack_bytes_out = 8;
	if ((code[0] & PUSH_MASK) == PUSH)
		return 1;
	if (code[0] == REX_B && (code[1] & PUSH_MASK) == PUSH)
		return 2;
	if (memcmp(code, sub_32, sizeof(sub_32)) == 0) {
		memcpy(stack_bytes_out, code + sizeof(sub_32), sizeof(*stack_bytes_out));
		return 7;
	}
	*stack_bytes_out = (int8_t)code[3];
	return memcmp(code, sub_8, sizeof(sub_8)) == 0 ? 4 : 0;
}

/** The pushes and the subtraction a function begins with. */
static inline struct prologue prologue_x86_64(const uint8_t code[PROLOGUE_BYTES])
{
	enum { LONGEST_BYTES = 7 };
	static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
	struct prologue p = {0};
	if (memcmp(code, endbr, sizeof(endbr)) == 0)
		p.code_bytes = sizeof(endbr);
	while (p.code_bytes + LONGEST_BYTES <= PROLOGUE_BYTES) {
		int32_t stack_bytes;
		uint32_t code_bytes = prologue_step_x86_64(code + p.code_bytes, &stack_bytes);
		if (!code_bytes)
			break;
		p.code_bytes += code_bytes;
		p.stack_bytes += (uint64_t)(int64_t)stack_bytes;
	}
	return p;
}

/** Whether a function that begins at `start`, its code, has its return address so far above the stack pointer when it
 *  is at pc. */
static inline bool prologue_fits_x86_64(const uint8_t code[PROLOGUE_BYTES], uint64_t start, uint64_t pc,
		uint64_t stack_bytes)
{
	struct prologue p = prologue_x86_64(code);
	return pc - start >= p.code_bytes && pc - start < MAX_BARE_BYTES && p.stack_bytes == stack_bytes;
}

#endif
