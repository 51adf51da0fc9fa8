// SPDX-License-Identifier: MIT
// Context: CTL. Whose stub is this? Calls between modules go through small pieces of code the linker
// made; they have no symbols, but jump through a slot whose relocation names the function.
#ifndef CPROF_SYMBOL_PLT_H
#define CPROF_SYMBOL_PLT_H

#include "elf_symbols.h"

/**
 * Answers the queries that cp_elf_find() could not and that lie in a PLT (is_plt): their symbol is the
 * stub, its name (in *strings_out) the function's, without "@plt". 0; -ENOENT: there are none.
 */
int cp_plt_find(const struct cp_elf *elf, struct cp_symbol_query *queries, size_t nqueries, void *buf,
		size_t buf_bytes, Elf64_Shdr *strings_out);

#endif
