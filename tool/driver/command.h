// SPDX-License-Identifier: MIT
// The commands, one a report: words of the shell (top), flags of the command line (-top), first words
// of ours (cprof top FILE). All that is particular to one stands in its line of the table.
#ifndef CPROF_TOOL_DRIVER_COMMAND_H
#define CPROF_TOOL_DRIVER_COMMAND_H

#include "tool/report/report.h"

#include "config.h"

enum command_view {
	VIEW_STDOUT,
	VIEW_FILE,   // bytes for a program: to a file of our naming, where stdout is a terminal
	VIEW_VIEWER, // to a temporary file that one of `viewers` shows
};

enum command_inlines { INLINES_AS_ASKED, INLINES_KEPT, INLINES_DROPPED };

struct command {
	const char *name;
	enum report_format format;
	bool has_param; // a regexp follows
	bool has_no_stacks; // it tells nothing of them
	// What it demands of the options.
	bool is_untrimmed;
	int default_nodecount;
	const char *granularity; // NULL: as asked
	enum command_inlines inlines;
	// What becomes of the report.
	const char *dot_format; // through `dot -T...` first; NULL: not
	bool pans;              // an SVG to be moved about in a browser
	enum command_view view;
	const char *suffix;           // of the file written
	const char *const *viewers;   // NULL-terminated command lines; NULL with VIEW_VIEWER: browsers
	const char *usage;            // what may follow the name
	const char *help;             // a sentence
};

/** The table; its last entry has no name. */
extern const struct command commands[];

const struct command *command_find(const char *name, size_t len);

/** The options as this command takes them: its demands and defaults put in. */
struct config command_adjust(const struct command *c, struct config config);

#endif
