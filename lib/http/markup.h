// SPDX-License-Identifier: MIT
// Context: CTL. Text from anywhere (names of functions, profiles, threads) in pages, so that it stays text.
#ifndef CPROF_HTTP_MARKUP_H
#define CPROF_HTTP_MARKUP_H

#include "reply.h"

/** As text, or as an attribute's value in double quotes. */
void cp_put_html(struct cp_reply *r, const char *text);

/** As a path segment or a query's value. A path needs "./" before it, so that a colon makes no scheme of it. */
void cp_put_url(struct cp_reply *r, const char *text);

/** As a JSON string, quotes included, that may stand in a page's script element. */
void cp_put_json(struct cp_reply *r, const char *text, size_t len);

#endif
