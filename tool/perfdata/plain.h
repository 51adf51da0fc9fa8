// SPDX-License-Identifier: MIT
// What `perf record -z` compressed: one stream, of which each record of the file holds a piece. The kernel's records
// in it lie across the pieces as they will. Private to tool/perfdata.
#ifndef CPROF_TOOL_PERFDATA_PLAIN_H
#define CPROF_TOOL_PERFDATA_PLAIN_H

#include "base/err.h"
#include "format/reader.h"

struct perf_plain {
	void *stream;       // ZSTD_DStream
	uint8_t *ptr;       // pages, which stay where they are
	size_t len, reserved;
	size_t parsed;      // of len: whole records
};

/** Appends what the piece holds. Refuses to grow beyond 64 MiB + 500 times the file's size, or PARSE_MAX_MIB: the
 *  copied stacks of --call-graph dwarf shrink to a three-hundredth. */
struct err *perf_plain_add(struct perf_plain *p, struct arena *a, size_t file_bytes, struct reader piece);

/** What is not parsed yet. */
struct reader perf_plain_rest(const struct perf_plain *p);

/** What was parsed out of it is gone then, too. */
void perf_plain_free(struct perf_plain *p);

#endif
