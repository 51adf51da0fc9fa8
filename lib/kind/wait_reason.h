// SPDX-License-Identifier: MIT
// Context: CTL. What a thread waits for, in words.
#ifndef CPROF_KIND_WAIT_REASON_H
#define CPROF_KIND_WAIT_REASON_H

#include "threads.h"

enum { CP_WAIT_REASON_BYTES = 896 };

/** "running", "sleep", "futex 0x7f.., mutex held by thread 12 "x"", "poll fd 5 pipe:[17]", ... */
void cp_wait_reason(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t,
		char reason_out[CP_WAIT_REASON_BYTES]);

#endif
