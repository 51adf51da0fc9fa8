// SPDX-License-Identifier: MIT
// Context: CTL. The locks that threads hold; see held_hook.h.
#ifndef CPROF_KIND_HELD_H
#define CPROF_KIND_HELD_H

#include <stddef.h>

#include "held_hook.h"

/** From now on they may be noted. 0 or -ENOMEM, ... */
int cp_held_prepare(void);

/** Those of all threads. Zero it to start. */
struct cp_held_list {
	struct cp_held_lock *locks;
	size_t count, cap_bytes;
};

/** Less the mutexes their threads wait in pthread_cond_wait() with. What there is no memory for counts as lost. */
void cp_held_list_take(struct cp_held_list *list);
void cp_held_list_free(struct cp_held_list *list);

#endif
