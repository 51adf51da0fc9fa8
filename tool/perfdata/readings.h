// SPDX-License-Identifier: MIT
// How far counters have gone on between the samples that bring their readings along (perf record -e '{a,b}:S': one
// event samples, and says how far all of its group have come). Private to tool/perfdata.
#ifndef CPROF_TOOL_PERFDATA_READINGS_H
#define CPROF_TOOL_PERFDATA_READINGS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/hashindex.h"

struct reading {
	uint64_t id, value;
	uint32_t tid;
};

struct readings {
	struct reading *items; // the last of each counter
	uint32_t n, cap;
	struct hash_index by_counter;
};

/** What that counter has counted since it was read last; all of it the first time. tid: of those that each thread
 *  has for itself under one id, else 0. */
uint64_t readings_advance(struct readings *r, struct arena *a, uint64_t id, uint32_t tid, uint64_t value);

void readings_deinit(struct readings *r);

#endif
