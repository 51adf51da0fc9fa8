// SPDX-License-Identifier: MIT
// Context: SIG. Who looks on: strace, ltrace, a debugger.
#ifndef CPROF_SIGSAFE_TRACER_H
#define CPROF_SIGSAFE_TRACER_H

/** The process that traces the calling thread. 0: none, or not known. */
int cp_tracer_pid(void);

#endif
