// SPDX-License-Identifier: MIT
// Context: CTL. The threads as the wall-clock profile knows them from tick to tick.
#ifndef CPROF_KIND_WALL_THREADS_H
#define CPROF_KIND_WALL_THREADS_H

#include "sigsafe/stacktab.h"

enum cp_wall_value { CP_WALL_SAMPLES, CP_WALL_NS };

struct cp_wall_thread {
	int tid;
	uint32_t tick;          // that saw it last
	uint64_t cpu_ns;        // its CPU clock then: it has not run if that stands still
	uint64_t sleep;         // what could be seen of where it sleeps, hashed; 0: it ran, or all could
	bool is_hidden;         // nothing could be: that is how often it was switched, when it sleeps on
	struct cp_stack *stack; // where it is
};

/** Who ends the profile, and was in the program until `ns`. */
struct cp_wall_leaver {
	_Atomic bool is_known; // two may end it at once: the first
	_Atomic int tid; // 0: nobody yet; ns is there before it
	uint64_t ns;
	_Atomic uint32_t npcs; // 0: not yet; the rest is there before it
	uint32_t labels_id;
	uintptr_t pcs[CP_MAX_PCS];
};

/** Zero it to start; stacks made by cp_stacktab_init(). */
struct cp_wall_threads {
	struct cp_wall_thread *at;
	size_t n, cap_bytes, cursor;
	uint32_t tick;
	int error;
	struct cp_stacktab stacks;
	void *buffer; // of asleep.h
	struct cp_wall_leaver leaver;
	uint64_t nlooked, nasked, nsamples; // at threads from outside; threads by signals; in all
};

/** One tick: finds out where each thread is, and adds since_ns to that stack. 0 or a negative errno. */
int cp_wall_threads_tick(struct cp_wall_threads *w, uint64_t since_ns);

/** For the calling thread, if it is the first: what it does from now on is not the program's. */
void cp_wall_threads_leave(struct cp_wall_threads *w, uint64_t now_ns);

void cp_wall_threads_free(struct cp_wall_threads *w);

#endif
