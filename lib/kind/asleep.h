// SPDX-License-Identifier: MIT
// Context: CTL. The stack of a thread that sleeps, read from outside: it is not woken and does not notice.
#ifndef CPROF_KIND_ASLEEP_H
#define CPROF_KIND_ASLEEP_H

#include "task_info.h"

/** Where the stack is copied to; NULL: no memory. Never freed. */
void *cp_asleep_buffer_new(void);

/**
 * As cp_asleep_stack(), but writes as much of the stack as can be followed; *is_whole_out: to its root. The frames
 * that are cut off may be others although these are the same.
 */
uint32_t cp_asleep_walk(void *buffer, int tid, const struct cp_task_status *status, uintptr_t *pcs, uint32_t max,
		uint32_t *labels_id_out, bool *is_whole_out);

/**
 * Writes thread tid's stack into pcs[0..max) and its labels into *labels_id_out if it has not run between *status
 * (read before) and the return. Returns the number of pcs; 0: it runs, or its stack cannot be followed to its root
 * without registers that only the thread itself knows (code with frame pointers, mostly).
 */
uint32_t cp_asleep_stack(void *buffer, int tid, const struct cp_task_status *status, uintptr_t *pcs, uint32_t max,
		uint32_t *labels_id_out);

#endif
