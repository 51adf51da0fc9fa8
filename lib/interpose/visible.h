// SPDX-License-Identifier: MIT
// Context: SIG. What of us others may call: all else is hidden, by the compiler and by the version script.
#ifndef CPROF_INTERPOSE_VISIBLE_H
#define CPROF_INTERPOSE_VISIBLE_H

// Not inlined: in parts, the debug information would name its function by a reference, which Go 1.19's pprof
// does not follow.
#define CP_VISIBLE __attribute__((visibility("default"), noinline))

#endif
