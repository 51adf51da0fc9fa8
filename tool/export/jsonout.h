// SPDX-License-Identifier: MIT
// Writing JSON straight into a buffer: the exports are lists as long as the profile, and a document
// tree of them would weigh ten times their text.
#ifndef CPROF_TOOL_EXPORT_JSONOUT_H
#define CPROF_TOOL_EXPORT_JSONOUT_H

#include "base/buf.h"
#include "base/str.h"

/** s as a JSON string; bytes that are no UTF-8 become U+FFFD. */
void put_json_string(struct str s, struct buf *out);

/** `"key":`, with a comma in front unless it is the first of its object. */
void put_json_key(const char *key, bool first, struct buf *out);

/** JSON into a script element of a page: what HTML could take for its own is escaped. */
void put_json_in_html(struct str json, struct buf *out);

#endif
