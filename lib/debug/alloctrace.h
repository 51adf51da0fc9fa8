// SPDX-License-Identifier: MIT
// Context: CTL. CPROFDEBUG=allocfreetrace=1: a block of lines for each malloc, free and realloc.
#ifndef CPROF_DEBUG_ALLOCTRACE_H
#define CPROF_DEBUG_ALLOCTRACE_H

/** Before there is somebody who drains. -ENOMEM. */
int cp_alloctrace_open(void);

/** Every allocation is sampled from now on, as Go does it too, and every free looked at. -ENOMEM. */
int cp_alloctrace_start(void);

/** Prints what came:
 *
 *   tracealloc(0x55d0c0, 0x18)
 *   thread 4711 [running]:
 *   make_node+0x2e
 *   	/usr/bin/server +0x11a2
 *
 * tracefree(ptr) and tracerealloc(old, new, size) likewise; a size is that asked for.
 */
void cp_alloctrace_drain(void);

#endif
