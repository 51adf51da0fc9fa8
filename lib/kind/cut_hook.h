// SPDX-License-Identifier: MIT
// Context: SIG. For handlers of ours: whether they came out of a call of the program's (sigsafe/cut.h), and it has no
// signal of its own to end it.
#ifndef CPROF_KIND_CUT_HOOK_H
#define CPROF_KIND_CUT_HOOK_H

#include "sigsafe/cut.h"

/** Last in the handler, for it has to tell of the signals that came in the meantime. is_confined: by seccomp, or it is
 *  not known. Then the program's signals are not asked for, as a filter may not expect it. is_seldom: such signals
 *  come so seldom that hardly ever one of the program's falls between them and the call that is made again, which is a
 *  microsecond. A wait for io_uring goes on at once (uring_hook.h). */
void cp_cut_look(void *ucontext, bool is_confined, bool is_seldom);

#endif
