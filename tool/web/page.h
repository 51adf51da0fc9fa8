// SPDX-License-Identifier: MIT
// The pages: each is a command of the analyzer, whose report is put into the frame that all share.
#ifndef CPROF_TOOL_WEB_PAGE_H
#define CPROF_TOOL_WEB_PAGE_H

#include "answer.h"

struct page;

struct page_kind {
	const char *path, *title;
	const char *command;       // of the analyzer; one with a regexp takes the focus for it
	const char *script;        // of webui/, or NULL
	void (*edit)(struct config *config);
	/** Writes the page's own part, and what is said of it, in lines. */
	struct err *(*write)(struct page *p, struct report *r, struct buf *body, struct buf *legend);
};

struct page {
	struct arena *arena;
	const struct web *web;
	const struct page_kind *kind;
	const struct query *query;
	struct config config;
	struct web_response *response;
	char *warnings; // what the analysis said, in lines
	size_t warnings_len;
};

/** All, in the order of the menu; the last entry has no path. */
extern const struct page_kind page_kinds[];

/** NULL where there is no such page. */
const struct page_kind *page_find(const char *path);

/** Makes the page: analysis, frame, body. One that has no report says why, in the same frame. */
struct err *page_write(struct page *p);

/** In place of a page: menus, by which a filter that leaves nothing can be taken back, and the message. */
struct err *page_write_failed(struct page *p, int status, const char *message);

/** Puts what graphviz made into a page that waits for it; or says what went wrong there. */
struct err *page_put_graph(struct page *p, struct str svg, const struct err *error);

/** Everything around `body`: menus, details, styles, scripts (frame.c). r NULL: there is no report. */
struct err *page_frame(struct page *p, const struct report *r, struct str legend, struct str body);

/** JSON for the page's script: in a script element, with what HTML could take for its own escaped. */
void page_put_data(struct str json, struct buf *out);

// page_*.c
struct err *page_flamegraph(struct page *p, struct report *r, struct buf *body, struct buf *legend);
struct err *page_graph(struct page *p, struct report *r, struct buf *body, struct buf *legend);
struct err *page_top(struct page *p, struct report *r, struct buf *body, struct buf *legend);
struct err *page_peek(struct page *p, struct report *r, struct buf *body, struct buf *legend);
struct err *page_disasm(struct page *p, struct report *r, struct buf *body, struct buf *legend);
struct err *page_source(struct page *p, struct report *r, struct buf *body, struct buf *legend);

#endif
