// SPDX-License-Identifier: MIT
// The arithmetic from runtime addresses to a file's own: the kinds of mappings that exist, with the
// numbers seen in the wild.
#include "tool/binutils/elf_image.h"

#include <elf.h>

#include "tests/unit/unit.h"

static struct arena a;

// What ld lays out: headers, code, constants, data.
static struct elf_segment usual[] = {
		{0x0, 0x0, 0x628, 0x628, false},
		{0x1000, 0x1000, 0x1b5, 0x1b5, true},
		{0x2000, 0x2000, 0x104, 0x104, false},
		{0x2de8, 0x3de8, 0x248, 0x250, false},
};

static uint64_t base_of(int type, const struct elf_segment *s, struct mapped_range r, uint64_t kernel_offset)
{
	struct elf_image e = {.type = type, .has_kernel_offset = kernel_offset != 0, .kernel_offset = kernel_offset};
	uint64_t base = 0;
	struct err *err = elf_image_base(&a, &e, s, &r, &base);
	ck_assert_msg(!err, "%s", err ? err->message : "");
	return base;
}

START_TEST(user_programs)
{
	struct elf_segment fixed = {0, 0x400000, 0x1000, 0x1000, true};
	ck_assert_uint_eq(base_of(ET_EXEC, &fixed, (struct mapped_range){0x400000, 0x401000, 0, NULL}, 0), 0);
	struct elf_segment moved = {0x1000, 0x401000, 0x1000, 0x1000, true};
	ck_assert_uint_eq(base_of(ET_EXEC, &moved, (struct mapped_range){0x401000, 0x402000, 0x1000, NULL}, 0), 0);
	ck_assert_uint_eq(base_of(ET_DYN, &usual[1],
			(struct mapped_range){0x555555555000, 0x555555556000, 0x1000, NULL}, 0), 0x555555554000);
	// lld: the code's address is not its file offset.
	struct elf_segment lld = {0x6fc0, 0x7fc0, 0x1000, 0x1000, true};
	ck_assert_uint_eq(base_of(ET_DYN, &lld,
			(struct mapped_range){0x555555556000, 0x555555558000, 0x6000, NULL}, 0),
			0x555555556000 - 0x7000);
	struct mapped_range module = {0xffffffffc0000000, 0xffffffffc0001000, 0, NULL};
	ck_assert_uint_eq(base_of(ET_REL, NULL, module, 0), module.start);
}
END_TEST

START_TEST(invented_mappings)
{
	ck_assert_uint_eq(base_of(ET_DYN, &usual[1], (struct mapped_range){0, UINT64_MAX, 0, NULL}, 0), 0);
	ck_assert_uint_eq(base_of(ET_EXEC, &usual[1], (struct mapped_range){0, 0, 0, NULL}, 0), 0);
}
END_TEST

START_TEST(kernels)
{
	struct elf_segment text = {0x200000, 0xffffffff80200000, 0x1000000, 0x1000000, true};
	struct mapped_range aslr = {0xffffffff83200000, 0xffffffff84200000, 0, NULL};
	ck_assert_uint_eq(base_of(ET_EXEC, &text, aslr, 0), 0x3000000);
	// perf starts the mapping at _stext.
	struct mapped_range at_stext = {0xffffffff83200198, 0xffffffff84200000, 0, NULL};
	ck_assert_uint_eq(base_of(ET_EXEC, &text, at_stext, 0xffffffff80200198), 0x3000000);
	struct mapped_range chrome = {0, 0x1000000, 0, NULL};
	ck_assert_uint_eq(base_of(ET_EXEC, &text, chrome, 0xffffffff80200198), -0xffffffff80200198);
	struct mapped_range chrome_odd = {0x198, 0x2f9fffff, 0, NULL};
	ck_assert_uint_eq(base_of(ET_EXEC, &text, chrome_odd, 0xffffffff80200198), -0xffffffff80200000);

	struct elf_image e = {.type = ET_EXEC, .has_kernel_offset = true, .kernel_offset = 0xffffffff80200198};
	struct mapped_range odd = {0xffffffff70000000, 0xffffffff71000000, 0x123000, NULL};
	uint64_t base;
	struct err *err = elf_image_base(&a, &e, &text, &odd, &base);
	ck_assert(err && strstr(err->message, "don't know how to handle EXEC segment"));
}
END_TEST

static const struct elf_segment *segment_at(struct mapped_range r, uint64_t address)
{
	struct elf_image e = {.type = ET_DYN, .loads = usual, .nloads = 4, .text = &usual[1]};
	const struct elf_segment *s = NULL;
	struct err *err = elf_image_segment(&a, &e, &r, address, &s);
	ck_assert_msg(!err, "%s", err ? err->message : "");
	return s;
}

START_TEST(segments)
{
	const uint64_t at = 0x555555554000;
	struct mapped_range code = {at + 0x1000, at + 0x2000, 0x1000, NULL};
	ck_assert_ptr_eq(segment_at(code, at + 0x1100), &usual[1]);
	struct mapped_range headers = {at, at + 0x1000, 0, NULL};
	ck_assert_ptr_eq(segment_at(headers, at + 0x10), &usual[0]);
	// The data segment begins in the file page of the constants.
	struct mapped_range data = {at + 0x3000, at + 0x4000, 0x2000, NULL};
	ck_assert_ptr_eq(segment_at(data, at + 0x3df0), &usual[3]);
	ck_assert_ptr_eq(segment_at(data, at + 0x3010), &usual[2]);
	// Kernels: the one with .text.
	struct mapped_range kernel = {0xffffffff80000000, 0xffffffff90000000, 0, NULL};
	ck_assert_ptr_eq(segment_at(kernel, 0xffffffff80001000), &usual[1]);

	struct elf_image e = {.type = ET_DYN, .loads = usual, .nloads = 4};
	struct mapped_range beyond = {at, at + 0x1000, 0x10000, NULL};
	const struct elf_segment *s;
	struct err *err = elf_image_segment(&a, &e, &beyond, at, &s);
	ck_assert_str_eq(err ? err->message : "", "no program header matches mapping info");
}
END_TEST

UNIT_MAIN("elf_image", user_programs, invented_mappings, kernels, segments)
