// SPDX-License-Identifier: MIT
// Context: CTL. The profile of the image that exec replaced by this one.
#ifndef CPROF_PRELOAD_EARLIER_H
#define CPROF_PRELOAD_EARLIER_H

#include <stdint.h>

/**
 * If `path` was written since start_ns (CLOCK_REALTIME), an earlier image of this process wrote it: it
 * becomes path.1, or the first number that is free of files of this run.
 */
void cp_earlier_keep(const char *path, int64_t start_ns);

#endif
