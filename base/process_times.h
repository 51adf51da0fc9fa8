// SPDX-License-Identifier: MIT
// The processor's time a process has used.
#ifndef CPROF_BASE_PROCESS_TIMES_H
#define CPROF_BASE_PROCESS_TIMES_H

#include <stdint.h>

struct process_times {
	uint64_t user_ns, kernel_ns; // by the kernel's own count, in steps of its ticks
};

/** Of the process alone, also when it has ended and nobody has waited for it yet. Zeroes where it is gone, or
 *  /proc does not say. */
struct process_times process_times(int pid);

#endif
