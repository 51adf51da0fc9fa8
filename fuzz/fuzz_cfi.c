// SPDX-License-Identifier: MIT
// Hostile unwind tables: whatever the bytes are, no read leaves the segment that holds them. The bytes lie
// right before, then right behind, a page that cannot be read. Two kinds of input, told by the first byte:
// a whole segment, or the two programs of a well-formed CIE and FDE.
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sigsafe/cfi.h"
#include "sigsafe/frame.h"

enum { PAGE_BYTES = 4096, MAX_BYTES = 2 * PAGE_BYTES, CODE_BYTES = 0x1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *arena; // unreadable page, MAX_BYTES, unreadable page

static void prepare(void)
{
	arena = mmap(NULL, MAX_BYTES + 2 * PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED || mprotect(arena + PAGE_BYTES, MAX_BYTES, PROT_READ | PROT_WRITE))
		abort();
}

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/** .eh_frame_hdr with one row, a CIE and an FDE: the first `split` bytes are the CIE's program. */
static size_t wrap(const uint8_t *programs, size_t size, size_t split, uint8_t *image)
{
	static const uint8_t header[] = {1, 0x1b, 0x03, 0x3b};
	static const uint8_t cie[] = {1, 'z', 'R', 0, 1, 0x78, CP_DWARF_RA, 1, 0x1b};
	size_t cie_at = 20, fde_at = cie_at + 8 + sizeof(cie) + split, end = fde_at + 17 + size - split;
	memcpy(image, header, sizeof(header));
	put32(image + 4, (uint32_t)cie_at - 4);
	put32(image + 8, 1);
	put32(image + 12, 0);
	put32(image + 16, (uint32_t)fde_at);
	put32(image + cie_at, (uint32_t)(4 + sizeof(cie) + split));
	put32(image + cie_at + 4, 0);
	memcpy(image + cie_at + 8, cie, sizeof(cie));
	memcpy(image + cie_at + 8 + sizeof(cie), programs, split);
	put32(image + fde_at, (uint32_t)(end - fde_at - 4));
	put32(image + fde_at + 4, (uint32_t)(fde_at + 4 - cie_at));
	put32(image + fde_at + 8, (uint32_t)-(int32_t)(fde_at + 8));
	put32(image + fde_at + 12, CODE_BYTES);
	image[fde_at + 16] = 0;
	memcpy(image + fde_at + 17, programs + split, size - split);
	return end;
}

static void evaluate(const struct cp_module *m, struct cp_place place, struct cp_frame *f)
{
	uintptr_t value, cfa = f->sp;
	if (place.how == CP_PLACE_IS_EXPR || place.how == CP_PLACE_AT_EXPR)
		cp_expr_value(m, place.offset, f, &cfa, &value);
}

static void ask(const uint8_t *image, size_t size, uintptr_t offset)
{
	static uintptr_t stack[64];
	struct cp_frame f = {
		.sp = (uintptr_t)stack,
		.fp = (uintptr_t)(stack + 8),
		.stack = {(uintptr_t)stack, (uintptr_t)(stack + 64)},
	};
	struct cp_module m = {
		.eh_frame_hdr = (uintptr_t)image,
		.eh_frame_hdr_bytes = size,
		.frames_start = (uintptr_t)image,
		.frames_end = (uintptr_t)image + size,
	};
	struct cp_rule rule;
	if (cp_cfi_rule(&m, (uintptr_t)image + offset, &rule))
		return;
	evaluate(&m, rule.cfa, &f);
	for (int i = 0; i < CP_TRACKED; i++)
		evaluate(&m, rule.saved[i], &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t built[MAX_BYTES];
	if (!arena)
		prepare();
	if (size < 3 || size > PAGE_BYTES)
		return 0;
	bool whole = data[0] & 1;
	uintptr_t offset = data[1] * 16u;
	size_t split = data[2] < size - 3 ? data[2] : size - 3;
	const uint8_t *image = whole ? data + 3 : built;
	size_t bytes = whole ? size - 3 : wrap(data + 3, size - 3, split, built);
	uint8_t *first = arena + PAGE_BYTES, *last = first + MAX_BYTES - bytes;
	memcpy(first, image, bytes);
	ask(first, bytes, offset);
	memcpy(last, image, bytes);
	ask(last, bytes, offset);
	return 0;
}
