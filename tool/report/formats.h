// SPDX-License-Identifier: MIT
// What report.c shares with the writers of the formats, one a file. Private to tool/report and
// tool/export.
#ifndef CPROF_TOOL_REPORT_FORMATS_H
#define CPROF_TOOL_REPORT_FORMATS_H

#include "tool/graph/graph.h"
#include "tool/report/report.h"

/** A graph of the report's profile, nothing trimmed, no edges yet. File names get trimmed here. */
struct graph *report_graph(struct report *r);

/** The graph that the report's options leave; settles the output unit too. */
struct graph *report_trimmed_graph(struct report *r, struct graph_dropped *dropped_out);

/**
 * Profile labels (unless compact, or always where full), filters, and what is shown of how much; lines
 * without the last one's end.
 */
void report_labels(const struct report *r, const struct graph *g, const struct graph_dropped *dropped,
		bool full, struct buf *out);

/** A source file name without the prefixes that trim_path, or the place of the sources, tells to cut. */
struct str report_trim_path(const struct report *r, struct str path);

struct err *report_write_text(struct report *r, struct buf *out);
struct err *report_write_tree(struct report *r, struct buf *out);
struct err *report_write_traces(struct report *r, struct buf *out);
struct err *report_write_tags(struct report *r, struct buf *out);
struct err *report_write_dot(struct report *r, struct buf *out);
struct err *report_write_callgrind(struct report *r, struct buf *out);
struct err *report_write_proto(struct report *r, struct buf *out);
struct err *report_write_topproto(struct report *r, struct buf *out);

/** The name of each shown node's function, numbered where others look the same. In g's arena. */
strid *callgrind_distinct_names(struct graph *g);

// tool/export
struct err *report_write_folded(struct report *r, struct buf *out);
struct err *report_write_speedscope(struct report *r, struct buf *out);
struct err *report_write_json(struct report *r, struct buf *out);

#endif
