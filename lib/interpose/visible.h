// SPDX-License-Identifier: MIT
// Context: SIG. What of us others may call: all else is hidden, by the compiler and by the version script.
#ifndef CPROF_INTERPOSE_VISIBLE_H
#define CPROF_INTERPOSE_VISIBLE_H

// Not inlined: in parts, the debug information would name its function by a reference, which Go 1.19's pprof
// does not follow.
#define CP_VISIBLE __attribute__((visibility("default"), noinline))

/** While the real function is called, the frame of this one is between that and the program's: no stack shows it
 *  (sigsafe/capture.h). The linker names the ends of the section. */
#define CP_BETWEEN __attribute__((section("cprof_between"), noinline))

#endif
