// SPDX-License-Identifier: MIT
// Context: CTL. The block and the mutex profile as text.
#ifndef CPROF_KIND_CONTENTION_TEXT_H
#define CPROF_KIND_CONTENTION_TEXT_H

#include <cprof/pprof.h>

#include "sigsafe/stacktab.h"

/** What a stack counted; count is 0 only where it counted nothing. */
struct cp_contention_values {
	int64_t count, delay_ns;
};
struct cp_contention_values cp_contention_values(const struct cp_stack *s);

/** Go's debug=1 form, longest delay first. Its cycles are nanoseconds here. */
int cp_contention_write_text(struct cp_stacktab *stacks, bool is_mutex, struct cprof_writer writer);

#endif
