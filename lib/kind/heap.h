// SPDX-License-Identifier: MIT
// Context: CTL. The heap profile: on, off, written out as `heap` and as `allocs`.
#ifndef CPROF_KIND_HEAP_H
#define CPROF_KIND_HEAP_H

#include <cprof/pprof.h>

enum cp_heap_view {
	CP_HEAP_VIEW_HEAP,   // what is in use, and was at the peak
	CP_HEAP_VIEW_ALLOCS, // what was ever allocated, with the lifetime of what is gone
};

/** Mean bytes between samples: 1: every allocation, 0: off. The first rate above 0 makes the tables.
 *  The caller's next allocation is sampled at the new rate; other threads first use up the distance they
 *  had drawn. -EINVAL, -ENOMEM, -ENOSPC: after 255 different rates. */
int cp_heap_set_rate(int64_t rate_bytes);
int64_t cp_heap_rate(void);

/** While it is on every allocation of this thread, and of those it makes, is counted and none is sampled.
 *  -ENODATA: the heap is not seen, or was never profiled. */
int cp_heap_count_allocations(bool on);

/** What was counted so far. */
void cp_heap_counted(uint64_t *objects_out, uint64_t *bytes_out);

/** debug 0: gzip'd profile.proto; else text. -ENODATA: the rate was 0 from the start. */
int cp_heap_write(enum cp_heap_view view, struct cprof_writer writer, int debug);

/** Samples that were not taken: no memory for them, or taken inside ourselves. */
uint64_t cp_heap_lost(void);

/** Distinct stacks and sizes. */
uint64_t cp_heap_count(void);

/** Why the heap of this process cannot be seen; NULL: it can. */
const char *cp_heap_blindness(void);

#endif
