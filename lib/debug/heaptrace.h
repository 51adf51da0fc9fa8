// SPDX-License-Identifier: MIT
// Context: CTL, our own thread. CPROFDEBUG=gctrace=1 in programs without a garbage collector.
#ifndef CPROF_DEBUG_HEAPTRACE_H
#define CPROF_DEBUG_HEAPTRACE_H

#include <stdint.h>

/**
 * Looks at glibc's malloc, and prints a line where it has grown or shrunk by an eighth (and 1 MiB) since the
 * last one, or the bytes in use have doubled:
 *
 *   malloc 3 @1.204s: 12->24 MB, 22 MB in use, grew
 *
 * what malloc has from the system, then -> now; of it in use. Not a collection, so it is not called one.
 * Returns how long to wait for the next look: so that looking, which walks malloc's free lists, takes 1 % of
 * the time at most. UINT64_MAX: the program does not use glibc's malloc (one line says so).
 */
uint64_t cp_heaptrace_look(uint64_t now_ns);

#endif
