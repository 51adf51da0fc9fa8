// SPDX-License-Identifier: MIT
// What the heap profiles of gperftools (legacy_heap.c) and jemalloc (legacy_jemalloc.c) have in common:
// rows of four numbers, "in use: bytes [allocated: bytes]", which count sampled objects.
#ifndef CPROF_TOOL_PROFILE_LEGACY_HEAP_H
#define CPROF_TOOL_PROFILE_LEGACY_HEAP_H

#include "tool/profile/legacy.h"

struct heap_header {
	int64_t rate;
	bool is_sampled; // the rows count sampled objects, not all
	bool has_alloc;
};

/** Whether the totals of a header tell of allocations too. spans: 1 to 4 are the four numbers. */
bool legacy_heap_has_alloc(struct str line, const struct regex_span *spans);

void legacy_heap_set_types(struct legacy *l, const struct heap_header *h);

/** A row's numbers, what was not sampled added; *block_out: the size of one object. */
struct err *legacy_heap_values(struct legacy *l, const struct heap_header *h, struct str line,
		const struct regex_span *spans, int64_t values_out[4], int64_t *block_out);

#endif
