// SPDX-License-Identifier: MIT
// Context: SIG. Code without unwind tables: generated, or assembly whose author wrote none (codecs, GMP,
// V8's builtins). What remains is the frame pointer, if the code keeps one, and the look of the stack.
#ifndef CPROF_SIGSAFE_BARE_H
#define CPROF_SIGSAFE_BARE_H

#include "frame.h"

/** The caller as frame pointers say; false: they lead nowhere. */
bool cp_bare_behind_fp(struct cp_frame *f, struct cp_frame *caller_out);

/** The caller whose return address is at `at` on the stack; false: what is there is no return address into
 *  a module. Registers but sp are taken as they are. */
bool cp_bare_behind_word(struct cp_frame *f, uintptr_t at, struct cp_frame *caller_out);

/** A caller behind a word has called the very function f is in, whose prologue took the stack between them and came to
 *  `sp`: it is no call of before, left in the locals of f. */
bool cp_bare_has_called(const struct cp_frame *f, uintptr_t sp, const struct cp_frame *caller);

/** A return address is known by the call in front of it. */
bool cp_bare_is_return_address(uintptr_t pc);

#endif
