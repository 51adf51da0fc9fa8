// SPDX-License-Identifier: MIT
// Context: CTL, our own thread. CPROFDEBUG=schedtrace=MS[,scheddetail=1]: what the program's threads do.
#ifndef CPROF_DEBUG_SCHEDTRACE_H
#define CPROF_DEBUG_SCHEDTRACE_H

#include <stdbool.h>

/**
 * Prints Go's line in terms of threads, and with details one more a CPU and a thread:
 *
 *   SCHED 1005ms: cpus=2 idlecpus=0 threads=7 idlethreads=4 runqueue=1 [ 1 0 ] running=1.52 waiting=0.43
 *           switches=120+34
 *
 * at this moment: idlethreads blocked; runqueue can run, but not all at once on the CPU they were on last
 * (in brackets for each CPU the process may use); idlecpus have none of ours. Since the last line, from
 * /proc/self/task/TID/schedstat and the process's CPU clock: threads that were running on average, and that
 * were waiting for a CPU; context switches, voluntary + not. Our own threads are not counted.
 */
void cp_schedtrace_print(bool with_details);

#endif
