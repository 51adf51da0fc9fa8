// SPDX-License-Identifier: MIT
// What both objdumps print, taken apart.
#include "tool/binutils/disassembly.h"

#include "tests/unit/unit.h"

static struct arena a;

static void check(const struct instruction *i, uint64_t address, const char *text, const char *function,
		const char *file, int64_t line)
{
	ck_assert_uint_eq(i->address, address);
	ck_assert_msg(str_eq(i->text, str_from(text)), "%.*s", STR_FMT(i->text));
	ck_assert_msg(str_eq(i->function, str_from(function)), "%.*s", STR_FMT(i->function));
	ck_assert_msg(str_eq(i->file, str_from(file)), "%.*s", STR_FMT(i->file));
	ck_assert_int_eq(i->line, line);
}

START_TEST(gnu)
{
	struct disassembly d = disassembly_parse(&a, STR("\n"
			"prog:     file format elf64-x86-64\n"
			"\n\n"
			"Disassembly of section .text:\n"
			"\n"
			"0000000000001139 <std::vector<int>::push_back(int const&)>:\n"
			"std::vector<int>::push_back(int const&)():\n"
			"/src/a file.cpp:7\n"
			"    1139:\tpush   %rbp\n"
			"    113a:\tmov    0x10(%rdi),%rax\n"
			"/src/a file.cpp:8 (discriminator 2)\n"
			"    113e:\tcall   1030 <puts@plt>\n"
			"\t...\n"
			"    1150:\tret"));
	ck_assert_uint_eq(d.n, 4);
	const char *f = "std::vector<int>::push_back(int const&)";
	check(&d.items[0], 0x1139, "push   %rbp", f, "/src/a file.cpp", 7);
	check(&d.items[1], 0x113a, "mov    0x10(%rdi),%rax", f, "/src/a file.cpp", 7);
	check(&d.items[2], 0x113e, "call   1030 <puts@plt>", f, "/src/a file.cpp", 8);
	check(&d.items[3], 0x1150, "ret", "", "", 0);
}
END_TEST

START_TEST(llvm)
{
	struct disassembly d = disassembly_parse(&a, STR("0000000000001139 <main>:\n"
			"; main():\n"
			"; /src/x.c:3\n"
			"    1139:       \tpushq\t%rbp\n"
			"00000000000011f0 <other>:\n"
			"    11f0:       \tretq\n"));
	ck_assert_uint_eq(d.n, 2);
	check(&d.items[0], 0x1139, "pushq\t%rbp", "main", "/src/x.c", 3);
	check(&d.items[1], 0x11f0, "retq", "<other>", "/src/x.c", 3);
}
END_TEST

START_TEST(odd_lines)
{
	struct disassembly d = disassembly_parse(&a, STR("fffffffffffffffff:\tx\n" // 17 digits
			":\n::\n():\n;\n; \n 12:\n12:34\nffffffffffffffff:\ty\n99999999999999999999:1\n"));
	ck_assert_uint_eq(d.n, 1);
	ck_assert_uint_eq(d.items[0].address, UINT64_MAX);
	ck_assert_uint_eq(disassembly_parse(&a, STR("")).n, 0);
}
END_TEST

UNIT_MAIN("disassembly", gnu, llvm, odd_lines)
