// SPDX-License-Identifier: MIT
// What other programs do for a page: graphviz, objdump. It may take minutes, in which other pages are answered. Each
// errand has a thread, which knows nothing of the profile or of HTTP; the event loop is told when it is done.
#ifndef CPROF_TOOL_WEB_ERRANDS_H
#define CPROF_TOOL_WEB_ERRANDS_H

struct event_base;

struct errand {
	void (*run)(struct errand *e); // in the thread
	struct errand *next;
};

/** Called by the event loop. */
typedef void errand_done(struct errand *e);

struct errands;

/** NULL: there are no descriptors left. */
struct errands *errands_create(struct event_base *base, errand_done *done);
void errands_destroy(struct errands *all);

/** As many at once as there are processors, two at least, the others in turn. Where there can be no thread it is run,
 *  and done, at once. */
void errand_begin(struct errands *all, struct errand *e);

#endif
