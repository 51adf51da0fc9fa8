// SPDX-License-Identifier: MIT
// Context: CTL. The page of a flame graph, webui/standalone.html, as scripts/embed-page puts it into the library:
// pieces, between which flamegraph.c writes.
#ifndef CPROF_HTTP_PAGE_H
#define CPROF_HTTP_PAGE_H

#include <stddef.h>

struct cp_page_piece {
	const char *text; // no NUL at its end
	size_t len;
};

/** What each piece ends before; the last one ends the page. */
enum cp_page_place { CP_PAGE_TITLE, CP_PAGE_LINKS, CP_PAGE_HEADING, CP_PAGE_DATA, CP_PAGE_END, CP_PAGE_PIECES };

extern const struct cp_page_piece cp_page_pieces[CP_PAGE_PIECES];

/** The header Content-Security-Policy: scripts of the page, no others. */
extern const char cp_page_policy[];

#endif
