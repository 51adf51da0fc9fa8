// SPDX-License-Identifier: MIT
// Graphs under way: graphviz may take minutes, in which other pages are answered. Each is drawn in a thread of its
// own, which knows nothing of the profile or of HTTP; the event loop is told when it is done.
#ifndef CPROF_TOOL_WEB_DRAWING_H
#define CPROF_TOOL_WEB_DRAWING_H

#include "base/buf.h"
#include "base/err.h"

struct event_base;

struct drawing {
	struct str graph; // for dot; the caller's until it is done
	int client_fd;    // who waits for it: if he hangs up it is given up
	struct buf image; // what dot printed; the caller's to free
	struct err *error; // NULL: it is whole
	struct arena arena; // of the error
	struct drawing *next;
};

/** Called by the event loop. */
typedef void drawing_done(struct drawing *d);

struct drawings;

/** NULL: there are no descriptors left. */
struct drawings *drawings_create(struct event_base *base, drawing_done *done);
void drawings_destroy(struct drawings *all);

/** As many at once as there are processors, two at least, the others in turn. Where there can be no thread it is done
 *  at once. */
void drawing_begin(struct drawings *all, struct drawing *d);

#endif
