// SPDX-License-Identifier: MIT
// Context: CTL. The CPU profile: start, stop, and the checkpoints that survive a kill.
#ifndef CPROF_KIND_CPU_H
#define CPROF_KIND_CPU_H

#include <cprof/pprof.h>

struct cp_cpu_options {
	int rate_hz; // 1..10000
	enum cprof_cpu_engine engine;
	// Write a piece to the path from time to time (first soon, then each second), so that a
	// killed process leaves its profile. Only with a path; needs write access beside it.
	bool checkpoint;
	bool skip_empty; // a profile without a sample is not written: one of many processes
};

/** As cprof_start_cpu_profile(). */
int cp_cpu_start(const struct cp_cpu_options *options, struct cprof_writer writer);

/** As cprof_stop_cpu_profile(). */
int cp_cpu_stop(void);

/** Writes a piece now, if checkpoints are on: before exec, _exit and the like. Never blocks for
 * long. */
void cp_cpu_checkpoint(void);

bool cp_cpu_is_running(void);

#endif
