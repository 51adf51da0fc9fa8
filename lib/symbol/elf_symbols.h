// SPDX-License-Identifier: MIT
// Context: CTL. Function names from an ELF file.
//
// The symbol table is read in one pass through a small buffer, and every symbol is offered to the sorted
// addresses asked for. So the memory needed grows with the question, not with the file, and nothing
// has to be sorted or kept.
#ifndef CPROF_SYMBOL_ELF_SYMBOLS_H
#define CPROF_SYMBOL_ELF_SYMBOLS_H

#include "elf.h"

/** What a query knows of a symbol at or below its address. */
struct cp_symbol_candidate {
	uint64_t start, size_bytes;
	uint64_t name_offset; // in the table's string section
	uint16_t section;
	uint8_t binding;
	bool is_set;
	bool is_ranked; // private, as is:
	int8_t rank;    // among symbols at one address
};

/** An address, and what is there. Zero what is not given. */
struct cp_symbol_query {
	uint64_t vaddr;  // given: address - load bias
	uint32_t id;     // given: the caller's own, as is
	uint32_t result; // this
	bool is_found;
	bool is_plt; // found by cp_plt_find()
	uint64_t alike_start, alike_end; // the answer is the same for each vaddr between; 0, 0: not known for any other
	struct cp_symbol_candidate symbol;  // where found
	struct cp_symbol_candidate unsized; // private: the nearest symbol that states no size
	uint64_t next_start;                // private: of the next symbol above; 0: none is known
	uint64_t plt_slot;                  // private: the address its PLT stub jumps through
};

/** The first of the queries (sorted) at or above vaddr. */
size_t cp_symbol_lower_bound(const struct cp_symbol_query *queries, size_t n, uint64_t vaddr);

/**
 * Finds the functions at the queries' addresses (sorted by vaddr), in .symtab, else .dynsym. buf is
 * scratch memory of buf_bytes, aligned. 0; -ENOENT: no symbol table. *strings_out: where their names are.
 */
int cp_elf_find(const struct cp_elf *elf, struct cp_symbol_query *queries, size_t nqueries, void *buf,
		size_t buf_bytes, Elf64_Shdr *strings_out);

#endif
