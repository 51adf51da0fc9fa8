// SPDX-License-Identifier: MIT
// Context: SIG. The stack of who called one of our functions.
#ifndef CPROF_SIGSAFE_CAPTURE_H
#define CPROF_SIGSAFE_CAPTURE_H

#include "types.h"

/** Begins with the function that `caller`, our function's return address, lies in, less its innermost `skip`
 *  frames; the leaf is moved into the call. Where nothing is left, a marker alone. Returns the number of pcs. */
uint32_t cp_capture(uintptr_t *pcs, uint32_t max, const void *caller, uint32_t skip);

#endif
