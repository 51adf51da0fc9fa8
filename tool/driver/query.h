// SPDX-License-Identifier: MIT
// The part of a URL after its question mark: taken apart, changed, put together again. What stands there
// may come from anybody who can make a browser follow a link.
#ifndef CPROF_TOOL_DRIVER_QUERY_H
#define CPROF_TOOL_DRIVER_QUERY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct query_param {
	const char *key, *value; // decoded
};

struct query {
	struct query_param *params; // in their order
	size_t n;
};

/** Decodes `text` into `a`. A parameter in which a % escape is none, or a byte is NUL, is left out, and the
 *  first of them is the error. */
struct err *query_parse(struct arena *a, struct str text, struct query *out);

/** The first value of the key; "" where it has none. */
const char *query_get(const struct query *q, const char *key);

/** The query with the key's value replaced, or removed where `value` is "". */
struct query query_with(struct arena *a, const struct query *q, const char *key, const char *value);

/** "?a=1&b=2" with all escaped that needs to be, fit for an attribute; "" of no parameters. */
const char *query_text(struct arena *a, const struct query *q);

/** A key or a value as it stands in a query. */
void query_put_escaped(struct buf *out, const char *s);

#endif
