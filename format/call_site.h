// SPDX-License-Identifier: MIT
// Whether code in front of an address is a call, so that the address may be where that returns to. Pure, and inline for
// those in signal handlers.
#ifndef CPROF_FORMAT_CALL_SITE_H
#define CPROF_FORMAT_CALL_SITE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	CALL_SITE_BYTES = 7, // that are read in front of the address
	JUMP_STUB_BYTES = 8,
};

/** `call rel32`, or `call r/m64` in the lengths it comes in. */
static inline bool call_site_x86_64(const uint8_t *end)
{
	enum { CALL_REL = 0xe8, GROUP5 = 0xff, GROUP5_CALL = 2 };
	if (end[-5] == CALL_REL)
		return true;
	for (int nbytes = 2; nbytes <= CALL_SITE_BYTES; nbytes++) {
		uint8_t modrm = end[1 - nbytes], mode = modrm >> 6, has_sib = mode != 3 && (modrm & 7) == 4;
		int displacement = mode == 1 ? 1 : mode == 2 || (mode == 0 && (modrm & 7) == 5) ? 4 : 0;
		if (end[-nbytes] == GROUP5 && (modrm >> 3 & 7) == GROUP5_CALL && nbytes == 2 + has_sib + displacement)
			return true;
	}
	return false;
}

/** How far behind the address a direct call went; 0: it was none. */
static inline int32_t call_site_distance_x86_64(const uint8_t *end)
{
	int32_t distance = 0;
	if (end[-5] == 0xe8)
		memcpy(&distance, end - sizeof(distance), sizeof(distance));
	return distance;
}

/** `jmp *address`, after an `endbr64` or a `bnd` prefix: a PLT stub. */
static inline bool is_jump_stub_x86_64(const uint8_t code[JUMP_STUB_BYTES])
{
	static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
	if (memcmp(code, endbr, sizeof(endbr)) == 0)
		code += sizeof(endbr);
	code += *code == 0xf2;
	return code[0] == 0xff && code[1] == 0x25;
}

/** `bl` or `blr`. */
static inline bool call_site_aarch64(const uint8_t *end)
{
	uint32_t instruction;
	memcpy(&instruction, end - sizeof(instruction), sizeof(instruction));
	return (instruction & 0xfc000000) == 0x94000000 || (instruction & 0xfffffc1f) == 0xd63f0000;
}

#endif
