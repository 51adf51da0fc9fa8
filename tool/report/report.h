// SPDX-License-Identifier: MIT
// Reports: a filtered and aggregated profile in, text (or graphs, or profiles) out. Called by
// tool/driver, once a command.
//
// The order is pprof's, and percentages depend on it: report_new() takes the total from the profile
// as it stands (before focus, unless relative percentages are asked for), then the driver filters and
// aggregates that same profile in place, then report_generate() writes. A report changes its profile
// where pprof does (function file names are trimmed, values divided for -proto): give it a view.
#ifndef CPROF_TOOL_REPORT_H
#define CPROF_TOOL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "tool/profile/filter.h"
#include "tool/profile/profile.h"
#include "tool/profile/regex.h"

struct object_tools; // tool/binutils: what disassembles binaries, for disasm and weblist

enum report_format {
	REPORT_TEXT,
	REPORT_TREE, // with `symbol`: peek
	REPORT_TRACES,
	REPORT_TAGS,
	REPORT_COMMENTS,
	REPORT_RAW,
	REPORT_PROTO, // gzipped
	REPORT_TOPPROTO,
	REPORT_CALLGRIND,
	REPORT_DOT,
	REPORT_LIST,
	REPORT_DISASM,
	REPORT_WEBLIST,
	// What pprof has not.
	REPORT_FLAMEGRAPH, // a page for a browser, all in one file
	REPORT_FOLDED,     // root;caller;leaf value: flamegraph.pl, speedscope, inferno
	REPORT_SPEEDSCOPE, // https://www.speedscope.app/file-format-schema.json
	REPORT_STACKS,     // the largest stacks, each once
	REPORT_JSON,       // nodes, edges and tags, for scripts: see export/json.c
};

struct report_options {
	enum report_format format;

	bool cum_sort;       // else by flat
	bool call_tree;      // a node a context; Dot and Callgrind only
	bool drop_negative;  // nodes below zero, of a diff, are left out
	bool compact_labels; // no profile labels above Text and Tree
	double ratio;        // every shown value is multiplied by it: 1 / divide_by

	// Cuts; 0 is none.
	int node_count;
	double node_fraction, edge_fraction;

	uint32_t value_index; // which of a sample's values
	bool mean;            // each sum is divided by the sum of value 0

	struct str title;       // base name of the main binary; may be empty
	struct str sample_type; // "mean_" in front where mean
	struct str sample_unit;
	struct str output_unit; // "minimum", "auto" or a unit

	const struct str *active_filters; // "focus=re", for the legend
	uint32_t nactive_filters;
	struct label_units label_units; // of the unfiltered profile

	const struct regex *symbol; // the argument of peek, list, disasm, weblist; else NULL
	struct str symbol_text;      // its pattern, for messages
	struct str source_path;
	struct str trim_path;
	bool intel_syntax;
	struct object_tools *object_tools;
};

struct report {
	struct profile *profile;
	struct report_options options; // output_unit is settled when the graph is known
	int64_t total;                 // sum of absolute values, what percentages are of
	const bool *matches;           // [nodes of its graph]: which of them -peek shows; NULL of other reports
};

/** A report on p, in p's arena; strings of the options must live as long. Takes the total at once. */
struct report *report_new(struct profile *p, const struct report_options *options);

/** Writes the report to `out`, flushing as it goes where the buffer has a flush function. */
struct err *report_generate(struct report *r, struct buf *out);

/** A row of -top. */
struct text_row {
	struct str name;
	struct str function; // of the name, what focus and other filters match; empty: none, as of files
	const char *inline_label; // "", "(inline)" or "(partial-inline)"
	int64_t flat, cum;
};

/** The rows of -top, and in labels_out the lines above them. A row lasts as long as its visit. */
void report_text_rows(struct report *r, struct buf *labels_out,
		void (*visit)(void *arg, const struct text_row *row), void *arg);

/** -weblist without its page, of the max_files files that cost most: for a page of the web UI. */
struct err *report_source_html(struct report *r, uint32_t max_files, struct buf *out);

/** -disasm of the max_symbols symbols that cost most. */
struct err *report_write_disasm_top(struct report *r, uint32_t max_symbols, struct buf *out);

/** "File: …", "Type: …", …: the lines that describe the profile, without the last line's end. */
void report_profile_labels(const struct report *r, struct buf *out);

/** v scaled to the output unit, as reports print it: "1.50s". */
void report_value(const struct report *r, int64_t v, struct buf *out);

#endif
