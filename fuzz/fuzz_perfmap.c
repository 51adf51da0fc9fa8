// SPDX-License-Identifier: MIT
// The profiled process reads what a JIT wrote into /tmp/perf-PID.map: any bytes as such a map.
#include <stddef.h>
#include <stdint.h>

#include "symbol/perfmap.h"

enum { NQUERIES = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_found(void *arg, struct cp_symbol_query *query, const char *name, size_t len)
{
	const size_t *size = arg;
	if (query->symbol.name_offset > *size || len > *size - query->symbol.name_offset ||
			query->vaddr - query->symbol.start >= query->symbol.size_bytes)
		__builtin_trap();
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '\n')
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_symbol_query queries[NQUERIES] = {0};
	for (size_t i = 0; i < NQUERIES; i++)
		queries[i].vaddr = i + 1 < NQUERIES ? i * 64 : UINT64_MAX;
	cp_perfmap_find_in((struct cp_elf_source){.fd = -1, .mem = data, .mem_bytes = size}, queries, NQUERIES,
			on_found, &size);
	return 0;
}
