// SPDX-License-Identifier: MIT
// Context: CTL. CPROFDEBUG=gctrace=1: a line a collection, in programs that collect garbage.
#ifndef CPROF_DEBUG_GCTRACE_H
#define CPROF_DEBUG_GCTRACE_H

#include <stdbool.h>

/**
 * Follows the collections of libgc (Boehm's collector), where the process has one, through the events that
 * it tells of. False: it has none. Each collection prints Go's line:
 *
 *   gc 3 @1.204s 1%: 0.05+3.9+0.15 ms clock, 0.11+7.2+0.20 ms cpu, 3->4->2 MB, 4 MB heap, 2 P
 *
 * number; since the program's start; the share of its CPU time that went into collections so far; stopping the
 * threads + marking + the rest, by the wall and in CPU time of the whole process; bytes in use before -> when
 * the collection ended -> after what could be reclaimed at once; what libgc has from the system; the CPUs.
 */
bool cp_gctrace_start(void);

/** In the child of fork(), where libgc's lock may be held: nothing of libgc's is called. */
void cp_gctrace_silence(void);

/** The handler we found is put back. */
void cp_gctrace_stop(void);

#endif
