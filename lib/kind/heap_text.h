// SPDX-License-Identifier: MIT
// Context: CTL. The heap profile as text.
#ifndef CPROF_KIND_HEAP_TEXT_H
#define CPROF_KIND_HEAP_TEXT_H

#include <cprof/pprof.h>

/** Go's debug=1 form, which pprof reads too: raw sampled values, most bytes in use first; then the state of
 *  the allocator and of the process in C's terms, commented. */
int cp_heap_write_text(struct cprof_writer writer);

#endif
