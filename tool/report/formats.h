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
 * without the last one's end. Returns how long the first label is: a comment may be several lines.
 */
size_t report_labels(const struct report *r, const struct graph *g, const struct graph_dropped *dropped,
		bool full, struct buf *out);

/** A source file name without the prefixes that trim_path, or the place of the sources, tells to cut. */
struct str report_trim_path(const struct report *r, struct str path);
/** The same for sources looked for on `sources` instead of the option source_path. */
struct str report_trim_source(const struct report *r, struct str path, struct str sources);

/** Writes one format; what report_generate dispatches to. */
typedef struct err *report_writer(struct report *r, struct buf *out);

report_writer report_write_text;
report_writer report_write_tree;
report_writer report_write_traces;
report_writer report_write_stacks;
report_writer report_write_tags;
report_writer report_write_dot;
report_writer report_write_callgrind;
report_writer report_write_proto;
report_writer report_write_topproto;
report_writer report_write_list;
report_writer report_write_disasm;
report_writer report_write_weblist;

/** The name of each shown node's function, numbered where others look the same. In g's arena. */
strid *callgrind_distinct_names(struct graph *g);

// tool/export
report_writer report_write_flamegraph;
report_writer report_write_folded;
report_writer report_write_speedscope;
report_writer report_write_json;

#endif
