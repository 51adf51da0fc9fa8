// SPDX-License-Identifier: MIT
// Context: CTL. For calls that care how many threads the process has.
#ifndef CPROF_KIND_OWN_THREAD_HOOK_H
#define CPROF_KIND_OWN_THREAD_HOOK_H

#include <stdbool.h>

/** Ends those of our threads that can be (own_thread.h's waits_on). False: nothing is to be called back. Until then no
 *  signal comes to the calling thread. */
bool cp_own_threads_send_away(void);

void cp_own_threads_call_back(void);

/** Ends them for good. */
void cp_own_threads_end(void);

/** libc is about to have a second thread: ours are known to it, too, from now on. */
void cp_own_threads_before_libcs(void);

#endif
