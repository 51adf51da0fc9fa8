// SPDX-License-Identifier: MIT
// The sample types that a recording's events give, two each, and what one sample adds to which of them. Private to
// tool/perfdata.
#ifndef CPROF_TOOL_PERFDATA_COLUMNS_H
#define CPROF_TOOL_PERFDATA_COLUMNS_H

#include "tool/perfdata/file.h"
#include "tool/perfdata/readings.h"

struct profile;

struct counted {
	uint32_t column;
	uint64_t period;
};

struct columns {
	const struct perf_file *file;
	struct arena *arena;
	uint32_t *of_event; // NO_INDEX: it has none
	uint32_t n;
	struct readings readings;
	struct counted *counted; // by one sample
	uint32_t ncounted;
};

/** c: zeroed. Gives the profile its sample types: of many events only those that the file has samples of. */
void columns_init(struct columns *c, struct arena *a, const struct perf_file *f, struct profile *p);
void columns_deinit(struct columns *c);

/** False where none of the sample's events has gone on. Samples come in the order of time. */
bool columns_count(struct columns *c, const struct perf_sample *s);

/** What was counted last, to a sample's values. */
void columns_add(const struct columns *c, int64_t *values);

/** What all samples' values may take, of a file of this size: of a crafted one of 2 MB it was 1,300. */
uint64_t columns_max_bytes(const struct columns *c);

#endif
