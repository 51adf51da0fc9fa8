// SPDX-License-Identifier: MIT
// Context: CTL. The mutexes that threads hold; see held_hook.h.
#ifndef CPROF_KIND_HELD_H
#define CPROF_KIND_HELD_H

/** From now on they may be noted. 0 or -ENOMEM, ... */
int cp_held_prepare(void);

#endif
