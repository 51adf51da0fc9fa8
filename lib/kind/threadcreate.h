// SPDX-License-Identifier: MIT
// Context: CTL. The threadcreate profile. Go's has been empty since 2013 (golang/go#6104).
#ifndef CPROF_KIND_THREADCREATE_H
#define CPROF_KIND_THREADCREATE_H

#include <cprof/pprof.h>

/** Threads are recorded from now on. 0 or a negative errno. */
int cp_threadcreate_start(void);

/** -ENODATA: it was never started. */
int cp_threadcreate_write(struct cprof_writer writer, int debug);
uint64_t cp_threadcreate_count(void);

#endif
