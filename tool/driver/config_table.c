// SPDX-License-Identifier: MIT
// The table of options and their defaults (see config.h). The order is that of pprof, which shows in
// the URLs and settings made from it; the help is our own.
#include "config.h"

const struct config config_defaults = {
		.output = "",
		.unit = "minimum",
		.source_path = "",
		.trim_path = "",
		.sample_index = "",
		.divide_by = 1,
		.sort = "flat",
		.tagroot = "",
		.tagleaf = "",
		.nodecount = -1,
		.nodefraction = 0.005,
		.edgefraction = 0.001,
		.trim = true,
		.focus = "",
		.ignore = "",
		.prune_from = "",
		.hide = "",
		.show = "",
		.show_from = "",
		.tagfocus = "",
		.tagignore = "",
		.tagshow = "",
		.taghide = "",
		.granularity = "",
};

static const char *const sort_choices[] = {"cum", "flat", NULL};
static const char *const granularity_choices[] = {
		"functions", "filefunctions", "files", "lines", "addresses", NULL};

#define MATCHES "\nThe regexp is matched with function names, file names and binary names."
#define TAGS                                                                                       \
	"\nA number, 1kb, or a range, 1kb:10kb, :1s, 4mb:, compares numeric labels; else a comma\n" \
	"list of regexps is matched with string labels. key= in front looks at that label only."
#define AT(field) offsetof(struct config, field)

// clang-format off
const struct config_field config_fields[] = {
	{"output", CONFIG_STRING, AT(output), NULL, false, NULL,
		"Write the report to this file"},
	{"call_tree", CONFIG_BOOL, AT(call_tree), "calltree", true, NULL,
		"Make a node of each calling context"
		"\nA function reached by two ways is drawn twice. Of graphs and callgrind only."},
	{"relative_percentages", CONFIG_BOOL, AT(relative_percentages), "rel", true, NULL,
		"Take percentages of what the filters leave"
		"\nElse they are of the whole profile, so that filtered reports can be compared."},
	{"unit", CONFIG_STRING, AT(unit), "unit", true, NULL,
		"Unit of the values shown"
		"\nms, s, hrs, kB, MB, ...; minimum chooses one that suits the whole report, auto one for"
		"\neach value."},
	{"compact_labels", CONFIG_BOOL, AT(compact_labels), "compact", true, NULL,
		"Leave out the lines that describe the profile"},
	{"source_path", CONFIG_STRING, AT(source_path), NULL, false, NULL,
		"Directories to search for source files, separated by colons"},
	{"trim_path", CONFIG_STRING, AT(trim_path), NULL, false, NULL,
		"Prefixes to strip from source file names first, separated by colons"},
	{"intel_syntax", CONFIG_BOOL, AT(intel_syntax), "intel", true, NULL,
		"Show assembly in Intel syntax"
		"\nOf disasm and weblist only."},
	{"mean", CONFIG_BOOL, AT(mean), "mean", true, NULL,
		"Divide each value by the first one, the count"
		"\nBytes become bytes an allocation, delays become delay an event."},
	{"sample_index", CONFIG_STRING, AT(sample_index), "si", false, NULL,
		"Which of a sample's values to report: a name, or a number from 0"},
	{"divide_by", CONFIG_FLOAT, AT(divide_by), NULL, false, NULL,
		"Divide all values by this"
		"\nBy the number of processors or of runs, for instance."},
	{"normalize", CONFIG_BOOL, AT(normalize), "norm", true, NULL,
		"Scale the profile to the total of the base profile before subtracting"},
	{"sort", CONFIG_STRING, AT(sort), "sort", true, sort_choices,
		"Order of entries"},
	{"tagroot", CONFIG_STRING, AT(tagroot), NULL, true, NULL,
		"Add frames at the root of each stack from these labels"
		"\nA comma list of label keys; the first one is outermost."},
	{"tagleaf", CONFIG_STRING, AT(tagleaf), NULL, true, NULL,
		"Add frames at the leaf of each stack from these labels"
		"\nA comma list of label keys; the last one is innermost."},
	{"drop_negative", CONFIG_BOOL, AT(drop_negative), "dropneg", true, NULL,
		"Leave out entries below zero"},
	{"nodecount", CONFIG_INT, AT(nodecount), "n", true, NULL,
		"Show at most this many entries"
		"\n0 is no limit. In graphs, dashed edges stand for paths through what was left out."},
	{"nodefraction", CONFIG_FLOAT, AT(nodefraction), "nf", true, NULL,
		"Leave out entries below this part of the total"},
	{"edgefraction", CONFIG_FLOAT, AT(edgefraction), "ef", true, NULL,
		"Leave out edges below this part of the total"},
	{"trim", CONFIG_BOOL, AT(trim), "trim", true, NULL,
		"Heed nodecount, nodefraction and edgefraction"},
	{"focus", CONFIG_STRING, AT(focus), "f", true, NULL,
		"Only samples whose stack has a frame that matches" MATCHES},
	{"ignore", CONFIG_STRING, AT(ignore), "i", true, NULL,
		"No samples whose stack has a frame that matches" MATCHES},
	{"prune_from", CONFIG_STRING, AT(prune_from), "prunefrom", true, NULL,
		"Cut what lies below the frame that matches, as if it had done it itself"},
	{"hide", CONFIG_STRING, AT(hide), "h", true, NULL,
		"Take frames that match out of the stacks" MATCHES},
	{"show", CONFIG_STRING, AT(show), "s", true, NULL,
		"Take frames that do not match out of the stacks" MATCHES},
	{"show_from", CONFIG_STRING, AT(show_from), "sf", true, NULL,
		"Cut what lies above the outermost frame that matches" MATCHES},
	{"tagfocus", CONFIG_STRING, AT(tagfocus), "tf", true, NULL,
		"Only samples whose labels match" TAGS},
	{"tagignore", CONFIG_STRING, AT(tagignore), "ti", true, NULL,
		"No samples whose labels match" TAGS},
	{"tagshow", CONFIG_STRING, AT(tagshow), "ts", true, NULL,
		"Keep only labels whose key matches"},
	{"taghide", CONFIG_STRING, AT(taghide), "th", true, NULL,
		"Drop labels whose key matches"},
	{"noinlines", CONFIG_BOOL, AT(noinlines), "noinlines", true, NULL,
		"Count inlined functions as the function they are inlined into"},
	{"showcolumns", CONFIG_BOOL, AT(showcolumns), "showcolumns", true, NULL,
		"Tell apart the columns of a source line"},
	{"granularity", CONFIG_STRING, AT(granularity), "g", true, granularity_choices,
		"What an entry is"},
	{NULL},
};
