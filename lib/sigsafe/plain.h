// SPDX-License-Identifier: MIT
// Context: SIG. Plain rules: those that find a caller by adding to a register and loading from the stack, packed into
// 32 bits by unwind.c. Nearly all frames have one.
#ifndef CPROF_SIGSAFE_PLAIN_H
#define CPROF_SIGSAFE_PLAIN_H

#if defined(__x86_64__)
#include "plain_x86_64.h"
#elif defined(__aarch64__)
#include "plain_aarch64.h"
#endif

#endif
