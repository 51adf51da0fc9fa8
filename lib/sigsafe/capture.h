// SPDX-License-Identifier: MIT
// Context: SIG. The stack of who called one of our functions.
#ifndef CPROF_SIGSAFE_CAPTURE_H
#define CPROF_SIGSAFE_CAPTURE_H

#include "types.h"

enum {
	CP_CAPTURE_FRAMES = 128, // kept of a stack: Go's profstackdepth; keeps our own use of the stack at 1 KiB
	CP_CAPTURE_PCS = CP_CAPTURE_FRAMES + 8, // with ours, between the caller and the unwinder
};

/** Begins with the function that `caller`, our function's return address, lies in, less its innermost `skip`
 *  frames; the leaf is moved into the call. Where nothing is left, a marker alone. Returns the number of pcs. */
uint32_t cp_capture(uintptr_t pcs[static CP_CAPTURE_PCS], const void *caller, uint32_t skip);

/** What is kept of a stack that begins with what the program called: all, or a marker behind the last. Returns the
 *  number of pcs. */
uint32_t cp_capture_cut(uintptr_t pcs[static CP_CAPTURE_PCS], uint32_t npcs);

/** Takes the frames of this library off a stack's innermost end, the leaf moved into the call; of a static one, those
 *  in cp_between alone can be told. Returns the number of pcs. */
uint32_t cp_capture_outside(uintptr_t *pcs, uint32_t npcs);

/** The functions that stand between the program and the real ones while those wait; none before lib/interpose is set
 *  up. */
extern __attribute__((visibility("hidden"))) struct cp_between {
	uintptr_t start;
	size_t nbytes;
} cp_between[2];

/** Takes their frames out of a stack from the unwinder, but for the leaf, which is at work itself. Returns the number
 *  of pcs. */
uint32_t cp_capture_without_between(uintptr_t *pcs, uint32_t npcs);

#endif
