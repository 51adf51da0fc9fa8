// SPDX-License-Identifier: MIT
// The samples of a profile as a directed graph: what every report but -traces and -raw is made of.
// Called by tool/report.
//
// A node is a distinct place (name, file, line, address, ... as far as the granularity tells them apart)
// and gets a dense index once, when the frame table is built; after that a pass over the samples is
// array arithmetic: no strings, no hashing but for edges. The values of nodes need one pass, and
// they do not change when a later step leaves nodes out. So edges, the dear part, are only ever
// collected between the nodes that stay: usually a few hundred.
//
// In a call tree (options.call_tree) a node is a place in one context; several nodes share an info.
#ifndef CPROF_TOOL_GRAPH_H
#define CPROF_TOOL_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "tool/profile/aggregate.h"
#include "tool/profile/filter.h"
#include "tool/profile/regex.h"

/** What tells one node from another. */
struct node_info {
	strid name;
	strid file;    // cleaned
	strid objfile; // the mapping's file; only where options.obj_names, or without a name
	uint64_t address;
	int64_t line, column;
	int64_t start_line; // of the function; as objfile
};

struct node {
	uint32_t info;               // index into infos
	uint32_t caller : 31;        // of a call tree: the caller plus 1; 0 for roots
	uint32_t is_inline : 1;      // of a call tree: every call was inlined
	int64_t flat, cum;           // own, and with callees
	int64_t flat_div, cum_div;   // sums of the mean divisor; 0 without
};

struct edge {
	uint32_t src, dst; // nodes
	bool residual;     // some node between them was left out
	bool is_inline;    // every call was inlined
	bool removed;
	int64_t weight, weight_div;
};

/** A label set, or a numeric label within one, and what a node has under it. */
struct tag {
	struct str name;
	struct str unit; // of `value`; numeric tags only
	int64_t value;
	int64_t flat, flat_div, cum, cum_div;
	uint32_t set; // groups a numeric tag with its label set's tag; 0 where the samples had no others
	bool is_num;
};

struct graph_options {
	uint32_t value_index;
	bool mean; // divide by the sum of value 0
	bool obj_names;
	bool call_tree;
	bool drop_negative;
	bool with_tags;
	struct str bytes_unit;  // of the numeric label "bytes", the only one shown as a tag
	struct str output_unit; // for the names of numeric tags
	const struct regex *named; // nodes of functions with such names alone; NULL: all
};

struct graph {
	struct arena arena;
	struct profile *profile;
	struct graph_options options;

	struct node_info *infos;
	uint32_t ninfos;
	bool shares_infos; // with frames: they are another's
	struct str *info_names; // printable; ptr NULL until asked for

	struct frame_table *frames;
	struct trie *contexts; // of a call tree

	struct node *nodes;
	uint32_t nnodes;
	const bool *is_hidden; // [nnodes]: taken out of all stacks, but not of the profile's (hide.h); NULL: none is
	const uint8_t *is_root; // [nnodes]: stacks begin at the first of these, not so the profile's; NULL: none does
	bool may_be_cut;        // with is_root: what such a node is inlined into does not show
	uint32_t *selected; // the nodes shown, in order
	uint32_t nselected;
	bool *is_selected; // [nnodes]

	struct edge *edges;
	uint32_t nedges;
	// The edges into node n are edges[in[in_begin[n] .. in_begin[n + 1])]; out alike. Removed ones
	// stay listed.
	uint32_t *in_begin, *in, *out_begin, *out;
	const struct edge **sorted; // graph_sorted_edges' result
	uint32_t sorted_cap;

	// Of node n: tags[tag_begin[n] .. tag_begin[n + 1]); NULL without options.with_tags.
	struct tag *tags;
	uint32_t *tag_begin;
};

/** Finds samples in what the profile's pass cache (pass_cache.h) knows. */
sample_finder graph_find_samples;

/** profile_aggregate(), for which the pass cache may know the result. */
void graph_aggregate(struct profile *p, struct aggregate_keep keep);

/** Only names: what each line of each location is called. No values, nothing selected. */
struct graph *graph_of_frames(struct profile *p);

/** The nodes of a location's lines, innermost first. A location without lines has one too. */
const uint32_t *graph_location_nodes(const struct graph *g, uint32_t location, uint32_t *n_out);

/** Nodes with their values. Selected are all that are not zero. */
struct graph *graph_create(struct profile *p, const struct graph_options *options);
void graph_destroy(struct graph *g);

/** Which edges a report shows; NULL: all. */
struct edge_wish {
	const bool *nodes; // [nnodes]: those to and from these
	bool only_to;
};

/**
 * Collects the edges between nodes, afresh; `only_selected` leaves the others out, and what was called
 * through them becomes a residual edge. Not for a call tree.
 */
void graph_link(struct graph *g, bool only_selected, const struct edge_wish *wish);

/** [nnodes]: nodes that were inlined somewhere. Not of a call tree. */
const bool *graph_may_inline(const struct graph *g);

/** Collects the tags of the first n selected nodes, but for those lighter than min_weight. */
void graph_tag(struct graph *g, uint32_t n, int64_t min_weight);

/** Whose call a node of a call tree is: the caller plus 1; 0 for roots, and in a graph. */
uint32_t graph_caller(const struct graph *g, uint32_t node);

/** The node's name with what the granularity adds: "0000000000401000 main /src/main.c:7". */
struct str graph_node_name(struct graph *g, uint32_t node);
/** The name of an info with its parts put together by `separator`; name and file as given. */
void node_info_print(const struct graph *g, const struct node_info *info, struct str name,
		struct str file, const char *separator, struct buf *out);

enum graph_order {
	ORDER_NONE,    // as they come: whoever shows but a few sorts these
	ORDER_FLAT,    // |flat|, then name
	ORDER_CUM,     // |cum|, then name
	ORDER_ENTROPY, // how much a picture of the graph would miss the node
	ORDER_NAME,
	ORDER_FILE,
	ORDER_ADDRESS,
};

/** Orders `selected`. */
void graph_sort(struct graph *g, enum graph_order order);

enum edge_side { EDGES_IN, EDGES_OUT };

/** The edges of a node that are not removed, heaviest first. *edges_out lasts until the next call. */
uint32_t graph_sorted_edges(struct graph *g, uint32_t node, enum edge_side side,
		const struct edge ***edges_out);
/** Orders pointers to edges the same way. */
void graph_sort_edges(struct graph *g, const struct edge **edges, uint32_t n);

/** What a report leaves out. */
struct graph_cuts {
	enum graph_order order;
	bool is_visual; // a picture: entropy, tags count as nodes, redundant edges go
	const struct edge_wish *wish;
	int node_count; // 0: no limit
	double node_fraction, edge_fraction;
};

struct graph_dropped {
	uint32_t ncandidates; // nodes left before node_count was applied
	uint32_t nodes;       // below node_fraction
	uint32_t edges;
};

/** Applies the cuts, links, orders: the graph a report shows. */
void graph_trim(struct graph *g, const struct graph_cuts *cuts, struct graph_dropped *dropped_out);

/** Removes residual edges whose ends are connected otherwise. */
void graph_remove_redundant_edges(struct graph *g);

// Go's int64 arithmetic: sums wrap, and a quotient never traps.
static inline int64_t wrap_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t wrap_sub(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static inline int64_t wrap_abs(int64_t v)
{
	return v < 0 ? (int64_t)-(uint64_t)v : v;
}

static inline int64_t mean_value(int64_t sum, int64_t div)
{
	if (div == 0)
		return sum;
	return div == -1 ? (int64_t)-(uint64_t)sum : sum / div;
}

/** Truncates as amd64 does: what does not fit becomes the smallest int64. */
static inline int64_t int64_of_double(double v)
{
	return v >= -0x1p63 && v < 0x1p63 ? (int64_t)v : INT64_MIN;
}

#endif
