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

// What the program's calls come through while all is off. The kernel takes the caches at each system call, so a
// server pays for the lines and pages that we spread these over: here they are together, in a page (pages.c).

/** CP_BETWEEN of a function that then only passes on, by a jump, to what CP_NEAR_DATA says. */
#define CP_FRONT __attribute__((section("cprof_front"), noinline))

#endif
