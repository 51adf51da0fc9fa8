// SPDX-License-Identifier: MIT
// Context: SIG. The stacks a thread was seen at lately, so that the next walk stops where it meets one of them.
//
// The same few stacks come again and again to allocate, and what differs is their innermost frames. A walk is a
// function of the registers it starts with and of the words it loads; so from a frame that is where one was, with what
// it needs of the registers, the rest is as it was if those words are unchanged. To compare a word costs a fifth of a
// step, and what it is compared to lies together, where the rules that steps need are on a page each.
#ifndef CPROF_SIGSAFE_STACKMEMO_H
#define CPROF_SIGSAFE_STACKMEMO_H

#include "types.h"
#include "unwind.h"

struct cp_stackmemo; // opaque

/** Room for the memos; once. 0 or -ENOMEM: then there are none. Context: CTL. */
int cp_stackmemo_init(void);

/** In the child of fork(): threads that had one are gone. Context: FORK. */
void cp_stackmemo_after_fork(void);

/** The calling thread's memo; NULL: there is none, or somebody has it. Give it back. */
struct cp_stackmemo *cp_stackmemo_take(void);
void cp_stackmemo_give(struct cp_stackmemo *m);

/** Walks from `regs`. The number of frames from the one `caller`, a return address, lies in; 0: this stack
 *  takes more than a memo knows of, cp_unwind() does it. */
uint32_t cp_stackmemo_walk(struct cp_stackmemo *m, const struct cp_regs *regs, const void *caller);

/** After a walk: writes those frames' pcs, the leaf's moved into the call, and returns their hash. */
uint64_t cp_stackmemo_pcs(const struct cp_stackmemo *m, uintptr_t *pcs);

/** After a walk: a word of the caller's use for that stack and `tag`; NULL at first, and whenever it was forgotten. */
void **cp_stackmemo_note(struct cp_stackmemo *m, uint64_t tag);

#endif
