// SPDX-License-Identifier: MIT
// What events refer to: the strings, stacks, locations and mappings of a trace file, by the file's ids.
#ifndef CPROF_TOOL_TRACE_LOAD_TABLES_H
#define CPROF_TOOL_TRACE_LOAD_TABLES_H

#include "format/tracefmt.h"
#include "timeline.h"

struct load_tables {
	struct timeline *timeline;
	struct idmap strings, mappings, locations, stacks; // from ids to indexes of the timeline's tables
	struct idmap addresses; // of locations nobody looked up
	struct idmap functions; // of strids
};

void load_tables_init(struct load_tables *lt, struct timeline *t);
void load_tables_deinit(struct load_tables *lt);

/** Reads the chunks that are tables, in the order that lets each find what it refers to. */
void load_tables_read(struct load_tables *lt, const struct trace_chunk *chunks, uint32_t nchunks);

/** 0, "", where the id is not known. */
strid load_string(const struct load_tables *lt, uint64_t id);

/** 0, the empty stack, where the id is not known. */
uint32_t load_stack(const struct load_tables *lt, uint64_t id);

#endif
