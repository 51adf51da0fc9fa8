// SPDX-License-Identifier: MIT
// Context: CTL. The CPU profile: start, stop, and the checkpoints that survive a kill.
#ifndef CPROF_KIND_CPU_H
#define CPROF_KIND_CPU_H

#include <cprof/pprof.h>

struct cp_cpu_options {
	int rate_hz; // 1..10000
	enum cprof_cpu_engine engine;
	// Write a piece to the path from time to time (first soon, then each second, or as it is worth it), so that a
	// killed process leaves its profile. Only with a path; needs write access beside it.
	bool checkpoint;
	bool skip_empty; // a profile without a sample is not written: one of many processes
};

/** As cprof_start_cpu_profile(). */
int cp_cpu_start(const struct cp_cpu_options *options, struct cprof_writer writer);

/** As cprof_stop_cpu_profile(). */
int cp_cpu_stop(void);

/** What the calling thread does until cp_cpu_checkpoint() is not the program's. */
void cp_cpu_spare(void);

/** Writes a piece now, if checkpoints are on: before exec, or (exits) before _exit, which is told in it. Never blocks
 *  for long. */
void cp_cpu_checkpoint(bool exits);

bool cp_cpu_is_running(void);

/** The signal that ticks will be is ours from now on, before the first session: threads born meanwhile let it through.
 *  It, or a negative errno. */
int cp_cpu_reserve_signal(void);

/** Whoever will ask has other descriptors than the program's threads, which could not use perf's. */
void cp_cpu_do_without_perf(void);

/** It is on, or being stopped, and one with checkpoints: a recording's. */
bool cp_cpu_is_recorded(void);

/// cpu_health.c

/** What a profile is asked for where nobody says: 100 Hz, any engine, until these are called. */
struct cp_cpu_options cp_cpu_defaults(void);
/** As cprof_set_cpu_profile_rate() and cprof_set_cpu_engine(). */
int cp_cpu_set_rate(int hz);
int cp_cpu_set_engine(enum cprof_cpu_engine wished);

enum { CP_CPU_REASON_BYTES = 160 };

/** Of the session there is, or else the last one. */
struct cp_cpu_health {
	bool is_running, was_on;
	int rate_hz;
	uint64_t samples, lost, cut; // cut: their stacks are not whole
	uint32_t unarmed, blocked;   // threads: not profiled; that block the signal, so that they have no stacks
	char reason[CP_CPU_REASON_BYTES]; // which engine, and why
};
struct cp_cpu_health cp_cpu_health(void);

/// cpu_window.c

/** A stretch of time as a CPU profile of its own. All windows that are open at once, and the profile that
 *  cp_cpu_start() began, share one sampler. */
struct cp_cpu_window {
	uint32_t session; // its number
	int value;        // of the stacks, where the window's beginning is kept
	uint64_t start_ns, start_realtime_ns;
	uint64_t lost; // when it began
};

/** Joins the running session (whose rate and engine count), or begins one. -EBUSY: too many windows, or
 *  called from the writer of a profile that is being stopped; else as cp_cpu_start(). */
int cp_cpu_window_open(const struct cp_cpu_options *options, struct cp_cpu_window *w);

/** Ends the window and writes it; a writer without `write` drops it. -ECANCELED: the process is ending. */
int cp_cpu_window_close(const struct cp_cpu_window *w, struct cprof_writer writer);

#endif
