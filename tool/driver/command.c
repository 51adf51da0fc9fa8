// SPDX-License-Identifier: MIT
// The table of commands (see command.h).
#include "command.h"

enum { DEFAULT_NODECOUNT = 80, STACKS_NODECOUNT = 20 };

static const char *const eog[] = {"eog", NULL};
static const char *const evince[] = {"evince", NULL};
static const char *const gv[] = {"gv --noantialias", NULL};
static const char *const kcachegrind[] = {"kcachegrind", NULL};

#define FILTERS "[focus_regexp]... [-ignore_regexp]..."
#define GRAPH "[n] " FILTERS
#define TABLE "[n] " FILTERS " [-cum] [>file]"
#define LISTING "regexp " FILTERS
#define GRAPH_LINE .format = REPORT_DOT, .default_nodecount = DEFAULT_NODECOUNT
#define WHOLE .is_untrimmed = true

// clang-format off
const struct command commands[] = {
	{"top", REPORT_TEXT, .usage = TABLE,
		.help = "Table of the functions that cost most"},
	{"text", REPORT_TEXT, .usage = TABLE,
		.help = "The same as top"},
	{"tree", REPORT_TREE, .default_nodecount = DEFAULT_NODECOUNT, .usage = TABLE,
		.help = "Each function between its callers and what it calls"},
	{"peek", REPORT_TREE, .has_param = true, WHOLE, .usage = LISTING,
		.help = "Callers and callees of the functions that match"},
	{"list", REPORT_LIST, .has_param = true, WHOLE, .granularity = "lines", .usage = LISTING,
		.help = "Source of the functions that match, with costs"},
	{"disasm", REPORT_DISASM, .has_param = true, WHOLE, .granularity = "addresses",
		.inlines = INLINES_DROPPED, .usage = "regexp|address " FILTERS " [>file]",
		.help = "Assembly of the functions that match, with costs"},
	{"weblist", REPORT_WEBLIST, .has_param = true, WHOLE, .granularity = "addresses",
		.inlines = INLINES_KEPT, .view = VIEW_VIEWER, .suffix = "html",
		.usage = "regexp|address " FILTERS,
		.help = "Source and assembly with costs, in a browser"},
	{"traces", REPORT_TRACES, .default_nodecount = DEFAULT_NODECOUNT,
		.usage = FILTERS, .help = "Every sample with its stack"},
	{"tags", REPORT_TAGS, .has_no_stacks = true, .default_nodecount = DEFAULT_NODECOUNT,
		.usage = "[tag_regexp]... [-ignore_regexp]... [>file]",
		.help = "Labels, and what was spent under each value"},
	{"comments", REPORT_COMMENTS, .has_no_stacks = true, .default_nodecount = DEFAULT_NODECOUNT,
		.usage = "", .help = "Comments in the profile"},
	{"raw", REPORT_RAW, WHOLE, .granularity = "addresses",
		.usage = FILTERS, .help = "The profile itself as text"},
	{"stacks", REPORT_STACKS, .default_nodecount = STACKS_NODECOUNT, .usage = "[n] " FILTERS " [>file]",
		.help = "The stacks that cost most, each once"},
	{"flamegraph", REPORT_FLAMEGRAPH, WHOLE, .view = VIEW_FILE, .suffix = "html", .usage = FILTERS " [>file]",
		.help = "Flame graph as a page, one file for any browser"},
	{"folded", REPORT_FOLDED, WHOLE, .usage = FILTERS,
		.help = "One line a stack, for flame graph tools"},
	{"json", REPORT_JSON, WHOLE, .usage = FILTERS,
		.help = "Functions and calls as JSON, for scripts"},
	{"dot", GRAPH_LINE, .usage = GRAPH " [>file]",
		.help = "Call graph in graphviz's language"},
	{"svg", GRAPH_LINE, .dot_format = "svg", .pans = true, .view = VIEW_FILE, .suffix = "svg",
		.usage = GRAPH " [>file]", .help = "Call graph as SVG image"},
	{"png", GRAPH_LINE, .dot_format = "png", .view = VIEW_FILE, .suffix = "png",
		.usage = GRAPH " [>file]", .help = "Call graph as PNG image"},
	{"gif", GRAPH_LINE, .dot_format = "gif", .view = VIEW_FILE, .suffix = "gif",
		.usage = GRAPH " [>file]", .help = "Call graph as GIF image"},
	{"pdf", GRAPH_LINE, .dot_format = "pdf", .view = VIEW_FILE, .suffix = "pdf",
		.usage = GRAPH " [>file]", .help = "Call graph as PDF"},
	{"ps", GRAPH_LINE, .dot_format = "ps", .view = VIEW_FILE, .suffix = "ps",
		.usage = GRAPH " [>file]", .help = "Call graph as PostScript"},
	{"web", GRAPH_LINE, .dot_format = "svg", .pans = true, .view = VIEW_VIEWER, .suffix = "svg",
		.usage = GRAPH, .help = "Call graph in a browser"},
	{"eog", GRAPH_LINE, .dot_format = "svg", .view = VIEW_VIEWER, .suffix = "svg",
		.viewers = eog, .usage = GRAPH, .help = "Call graph in eog"},
	{"evince", GRAPH_LINE, .dot_format = "pdf", .view = VIEW_VIEWER, .suffix = "pdf",
		.viewers = evince, .usage = GRAPH, .help = "Call graph in evince"},
	{"gv", GRAPH_LINE, .dot_format = "ps", .view = VIEW_VIEWER, .suffix = "ps",
		.viewers = gv, .usage = GRAPH, .help = "Call graph in gv"},
	{"callgrind", REPORT_CALLGRIND, WHOLE, .granularity = "addresses",
		.view = VIEW_FILE, .suffix = "callgraph.out",
		.usage = GRAPH " [>file]", .help = "For kcachegrind and its kin"},
	{"kcachegrind", REPORT_CALLGRIND, WHOLE, .granularity = "addresses",
		.view = VIEW_VIEWER, .suffix = "grind", .viewers = kcachegrind,
		.usage = GRAPH, .help = "The profile in kcachegrind"},
	{"proto", REPORT_PROTO, WHOLE, .granularity = "addresses",
		.view = VIEW_FILE, .suffix = "pb.gz", .usage = FILTERS,
		.help = "What the filters leave, as profile.proto"},
	{"topproto", REPORT_TOPPROTO, .view = VIEW_FILE, .suffix = "pb.gz", .usage = TABLE,
		.help = "What top shows, as profile.proto"},
	{"speedscope", REPORT_SPEEDSCOPE, WHOLE, .view = VIEW_FILE, .suffix = "speedscope.json",
		.usage = FILTERS, .help = "For https://www.speedscope.app"},
	{NULL},
};
// clang-format on

const struct command *command_find(const char *name, size_t len)
{
	for (const struct command *c = commands; c->name; c++) {
		if (strlen(c->name) == len && memcmp(c->name, name, len) == 0)
			return c;
	}
	return NULL;
}

struct config command_adjust(const struct command *c, struct config config)
{
	if (c->granularity)
		config.granularity = c->granularity;
	if (c->inlines != INLINES_AS_ASKED)
		config.noinlines = c->inlines == INLINES_DROPPED;
	if (config.nodecount == -1)
		config.nodecount = c->default_nodecount;
	if (c->is_untrimmed || !config.trim) {
		config.nodecount = 0;
		config.nodefraction = 0;
		config.edgefraction = 0;
	}
	return config;
}
