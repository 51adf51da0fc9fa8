// SPDX-License-Identifier: MIT
// Context: CTL. A signal for each of our uses, and our handler on it.
#ifndef CPROF_KIND_SIGNAL_INSTALL_H
#define CPROF_KIND_SIGNAL_INSTALL_H

#include "signal_hook.h"

typedef void cp_signal_handler(int sig, void *info, void *ucontext);

/** Once in a process, for good. Returns the signal; -EBUSY: the program uses all that we might take. */
int cp_signal_install(enum cp_signal_use use, cp_signal_handler *handler);

#endif
