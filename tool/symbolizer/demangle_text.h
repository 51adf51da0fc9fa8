// SPDX-License-Identifier: MIT
// What libiberty prints of a name, where that is no more than a name can be: parts refer to earlier ones, so that 400
// bytes may stand for more text than there is memory. Private to demangle.c.
#ifndef CPROF_TOOL_SYMBOLIZER_DEMANGLE_TEXT_H
#define CPROF_TOOL_SYMBOLIZER_DEMANGLE_TEXT_H

#include <libiberty/demangle.h>
#include <stdbool.h>

#include "base/buf.h"

/** False: it cannot be printed, or is longer than 256 KiB. The buffers begin empty, and are the caller's to free in
 *  either case. */
bool demangle_text_of_tree(struct buf *out, struct demangle_component *tree, int options);
bool demangle_text_of_cplusplus(struct buf *out, const char *name, int options);
bool demangle_text_of_rust(struct buf *out, const char *name);

#endif
