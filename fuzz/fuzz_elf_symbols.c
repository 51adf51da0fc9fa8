// SPDX-License-Identifier: MIT
// The profiled process reads symbol tables and line tables of files it did not make: any bytes as an ELF file.
#include <stddef.h>
#include <stdint.h>

#include "symbol/elf_symbols.h"
#include "symbol/line_sections.h"
#include "symbol/plt.h"

enum { NQUERIES = 8, BUF_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_lines(const struct cp_elf *elf)
{
	static const uint64_t pcs[] = {0, 64, 128, 0x1000};
	enum { N = sizeof(pcs) / sizeof(*pcs) };
	struct line_row rows[N] = {0};
	struct line_sections s;
	struct line_table t;
	if (cp_line_sections_read(elf, &s) < 0)
		return;
	uint64_t end;
	for (uint64_t at = 0; (end = line_table_end(&s, at)) != 0; at = end) {
		if (end <= at)
			__builtin_trap();
		if (line_table_open(&s, at, &t))
			line_table_find(&t, pcs, N, rows);
	}
	for (int i = 0; i < N; i++) {
		if (rows[i].found && line_table_open(&s, rows[i].table, &t))
			line_table_file(&t, rows[i].file);
	}
	cp_line_sections_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) char buf[BUF_BYTES];
	struct cp_symbol_query queries[NQUERIES] = {0};
	struct cp_elf elf;
	Elf64_Shdr strings;
	uint8_t id[20];
	char name[64];
	if (cp_elf_open(&elf, (struct cp_elf_source){.fd = -1, .mem = data, .mem_bytes = size}))
		return 0;
	cp_elf_build_id(&elf, id, sizeof(id));
	cp_elf_has_text_at(&elf, 0x1000);
	read_lines(&elf);
	// Addresses where the fuzzer can easily put symbols, and the last one there is.
	for (size_t i = 0; i < NQUERIES; i++)
		queries[i].vaddr = i + 1 < NQUERIES ? i * 64 : UINT64_MAX;
	for (int search = 0; search < 2; search++) {
		int ret = search ? cp_plt_find(&elf, queries, NQUERIES, buf, sizeof(buf), &strings)
				 : cp_elf_find(&elf, queries, NQUERIES, buf, sizeof(buf), &strings);
		for (size_t i = 0; ret == 0 && i < NQUERIES; i++) {
			uint64_t offset = queries[i].symbol.name_offset;
			size_t len = cp_elf_string(&elf, &strings, offset, name, sizeof(name));
			if (len >= sizeof(name) || (len && name[len] != '\0'))
				__builtin_trap();
		}
	}
	return 0;
}
