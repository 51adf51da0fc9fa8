// SPDX-License-Identifier: MIT
// Context: CTL. The threads as people read them: debug=2.
#ifndef CPROF_KIND_THREADS_DUMP_H
#define CPROF_KIND_THREADS_DUMP_H

#include "threads.h"

/** s: taken with details. */
int cp_threads_dump(const struct cp_threads_snapshot *s, struct cprof_writer writer);

#endif
