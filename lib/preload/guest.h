// SPDX-License-Identifier: MIT
// Context: EARLY. Programs that an emulator of user mode runs in its own process.
#ifndef CPROF_PRELOAD_GUEST_H
#define CPROF_PRELOAD_GUEST_H

#include <stdbool.h>

/** This library is in an emulator's guest, and in the emulator, which is profiled. To be asked before any thread of
 *  ours is started here. */
bool cp_is_guest(void);

#endif
