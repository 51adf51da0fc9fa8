// SPDX-License-Identifier: MIT
// Context: CTL. What no thread tells of itself, looked up from time to time: names, CPU times, memory.
#ifndef CPROF_KIND_TRACE_SCAN_H
#define CPROF_KIND_TRACE_SCAN_H

#include "sigsafe/types.h"

/** TRACE_THREAD_NAME and _TIMES of all threads. Returns how many there are. */
uint32_t cp_trace_scan_threads(void);

/** TRACE_COUNTER: the heap, if its profile is on, and resident memory. */
void cp_trace_scan_counters(void);

#endif
