// SPDX-License-Identifier: MIT
// What the parts of the terminal summary share: the page they write on, and how things are named there.
#ifndef CPROF_TOOL_TRACE_VIEW_H
#define CPROF_TOOL_TRACE_VIEW_H

#include "base/buf.h"
#include "timeline.h"

struct view {
	const struct timeline *timeline;
	struct buf *out;
	unsigned width; // columns
	bool has_colour;
};

/** How a state is shown. */
struct state_look {
	const char *name;
	char letter;
	const char *colour; // an escape
};

extern const struct state_look state_looks[NSTATES];

enum { VIEW_DURATION_COLUMNS = 9 };

/** An empty line and a title. */
void view_heading(const struct view *v, const char *title);

/** " 12.34ms", to the right of so many columns. */
void view_duration(const struct view *v, int64_t ns, int columns);

/** "worker" and its tid, in so many columns: 0 for as many as it takes. */
void view_thread(const struct view *v, uint32_t thread, int columns);

/** "parse < read_all < main", as much as fits into so many columns. Control characters become '?'. */
void view_stack(const struct view *v, uint32_t stack, size_t columns);

/** Text of the traced program, in at most so many columns. */
void view_text(const struct view *v, struct str text, size_t columns);

#endif
