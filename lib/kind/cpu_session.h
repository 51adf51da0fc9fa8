// SPDX-License-Identifier: MIT
// Context: CTL. One CPU profile, from start to stop. Shared by cpu*.c, by nobody else.
#ifndef CPROF_KIND_CPU_SESSION_H
#define CPROF_KIND_CPU_SESSION_H

#include "cpu.h"
#include "cpu_hook.h"
#include "target.h"
#include "own_thread.h"
#include "sigsafe/stacktab.h"

struct cp_profile_out;

/** Values of a stack in the table. */
enum { CP_CPU_TOTAL, CP_CPU_IN_PIECES, CP_CPU_FIRST_WINDOW };

/** What is told in the comments. */
struct cp_cpu_stats {
	uint64_t nsamples;                     // signals
	_Atomic uint64_t periods;              // they stand for, and those of marker samples
	uint64_t lost;                         // periods
	_Atomic uint64_t cut[CP_MARKER_COUNT]; // periods in stacks that end in a marker
	uint64_t unseen;                       // periods of threads that were never met alive
	bool handler_replaced;
	int scan_error;
};

struct cp_cpu_session {
	struct cp_cpu_options options;
	struct cp_target target;
	struct cp_stacktab stacks;
	uint64_t start_ns, end_ns; // monotonic
	uint64_t start_realtime_ns;
	uint64_t start_cpu_ns, start_own_cpu_ns; // CPU time of the process, of our threads
	uint64_t lost_before;                    // of the rings, when it started
	char reason[CP_CPU_REASON_BYTES];            // why this engine
	char switched[CP_CPU_REASON_BYTES];          // why another one later; "": it was not
	struct cp_cpu_stats stats;
	uint32_t scan; // number of the last task scan
	bool met_strangers; // in it: threads that no hook has seen
	bool has_passed_over; // a thread that blocks our signal: it may let it in at any time
	bool is_confined; // by a sandbox: see cpu_phases.c
	uint32_t next_look; // the index of the thread whose event is looked for next
	int starter_tid; // who holds our signal back for as long as the start takes; 0: and has before

	// All of these under cp_cpu_shared.lock.
	uint32_t number;
	bool is_owned;          // by cp_cpu_start(); else only windows keep it going
	bool is_over;           // the stacks are gone
	uint32_t nwindows;      // open
	uint32_t window_values; // bit n: a window uses values[n] of the stacks

	struct cp_own_thread collector;
	_Atomic uint32_t has_begun; // a futex: the threads there were tick
	_Atomic bool stopping;
	struct cp_profile_out *pieces;               // the checkpoints' stream; NULL: none yet
	uint64_t piece_lost;                         // in pieces so far
	uint64_t pieces_seen;                        // periods when the last one was written
	_Atomic uint32_t pieces_wanted, pieces_done; // checkpoints asked for; the second is a futex
	_Atomic bool exits;                          // who asked for one leaves by _exit
	bool end_is_told;                            // in a piece
	bool pieces_broken; // writing one failed: the final profile is still tried
};

/// cpu.c
/** A window joins the session, or begins one. */
int cp_cpu_join(const struct cp_cpu_options *options, struct cp_cpu_session **session_out);
/** The session there is, or was. */
struct cp_cpu_session *cp_cpu_current(void);
/** A window leaves session `number`, and the last one ends it where nobody else does. */
void cp_cpu_part(struct cp_cpu_session *s, uint32_t number);

/// cpu_engine.c
/** Picks the engine for what was asked, tries it, and says why; sets cp_cpu_shared.engine. */
int cp_cpu_engine_choose(struct cp_cpu_session *s);
/** Ticks do not come: itimer is tried, which needs neither timers nor descriptors. */
void cp_cpu_engine_switch(struct cp_cpu_session *s);

/// cpu_tasks.c
/** Arms threads that are not yet, forgets those that ended. */
void cp_cpu_tasks_scan(struct cp_cpu_session *s);
/** Disarms everybody; what was due and not delivered goes into the stacks. */
void cp_cpu_tasks_disarm_all(struct cp_cpu_session *s);
/** Once everything was counted: a scan that was under way may have taken a thread for a newborn one, and would
 *  count its whole life. */
void cp_cpu_tasks_disarm_late(void);

/** After that: what no thread we know has taken of the process's CPU time is in the profile, too. */
void cp_cpu_tasks_count_unseen(struct cp_cpu_session *s, uint64_t process_ns);
/** A thread that does not block our signal is owed as many periods. */
bool cp_cpu_tasks_owe(uint64_t periods);

/// cpu_phases.c
/** Moves the ticks of threads that have ticked to another place of the period. Context: the collector. */
void cp_cpu_phases_move(struct cp_cpu_session *s);

/// cpu_collector.c
void cp_cpu_collector_run(void *session);
void cp_cpu_collector_wake(void);
/** Under cp_cpu_shared.lock. */
void cp_cpu_collect(struct cp_cpu_session *s);
void cp_cpu_add(struct cp_cpu_session *s, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch,
	uint32_t labels_id, uint64_t weight);

/// cpu_output.c
/** A checkpoint: what is new since the last one. Context: the collector. */
void cp_cpu_output_piece(struct cp_cpu_session *s);
/** Removes the checkpoints' file: the next one begins it with all there is. False: it is not there, or must stay. */
bool cp_cpu_output_anew(struct cp_cpu_session *s);
/** The whole profile. */
int cp_cpu_output_whole(struct cp_cpu_session *s);
/** All of a window but its names, which cp_profile_out_end() finds; then *out_out is to be ended. Under
 *  cp_cpu_shared.lock: nothing is added meanwhile. */
int cp_cpu_output_window(struct cp_cpu_session *s, const struct cp_cpu_window *w, struct cprof_writer writer,
		struct cp_profile_out **out_out);

#endif
