// SPDX-License-Identifier: MIT
// Context: SIG. The CPU profile where it meets the application: in the signal handler, at the birth
// and the death of a thread, around fork. cpu.c is the other side.
#ifndef CPROF_KIND_CPU_HOOK_H
#define CPROF_KIND_CPU_HOOK_H

#include "cpu_engine_hook.h"
#include "sigsafe/lock.h"
#include "sigsafe/types.h"

struct cp_rings;

enum cp_cpu_state { CP_CPU_OFF, CP_CPU_STARTING, CP_CPU_ON, CP_CPU_STOPPING };

/** What the two sides share. */
struct cp_cpu_shared {
	_Atomic uint32_t state;      // enum cp_cpu_state, a futex; who moves it on owns the session
	_Atomic bool running;        // handlers and hooks look here first
	_Atomic uint32_t inflight;   // of them, how many have looked and are not through yet
	_Atomic uint32_t wake;       // futex: the collector has something to do
	_Atomic int64_t awaited;     // periods: after so many more the collector's next turn is worth it; <= 0: it is
	_Atomic bool stale_may_wake; // once a turn of the collector, not at every sample of a JIT
	_Atomic bool malloc_reads;   // the list of modules: a bare collector may not ask the loader
	_Atomic int paused_tid;      // of a thread that is about to exec: it does not tick, nor begin to; 0: none
	_Atomic int arming_tid;      // of one that another thread makes tick at this moment; 0: none
	_Atomic int spared_tid;      // of one that writes for us, on its way to exec or _exit: no samples; 0: none
	int pid;                     // of the process that started the session
	bool is_forked;              // by one that had our handler
	_Atomic bool is_confined;    // by seccomp, or it is not known
	struct cp_lock lock;         // who empties the rings, and who uses the session
	struct cp_rings *rings;      // made once, never freed
	const struct cp_cpu_engine *engine;         // that threads get first
	_Atomic uint64_t known_ns;                  // CPU time of threads that were disarmed
	_Atomic uint32_t unarmed, blocked, foreign; // threads, threads, signals
	_Atomic uint32_t armed[3];                  // threads by engine: cp_cpu_engines[]
	_Atomic int32_t refusal[3];                 // last error of each engine's arm()
};

extern struct cp_cpu_shared cp_cpu_shared;
extern const struct cp_cpu_engine
	*const cp_cpu_engines[3]; // in the order in which they replace each other

/** Between the two, stop waits for the caller. False: no profile runs (then nothing is to be left). */
bool cp_cpu_enter(void);
void cp_cpu_leave(void);

/** The handler. Types are plain here so that nobody's signal.h is needed. */
void cp_cpu_on_signal(int sig, void *info, void *ucontext);

/** The program has taken a signal, whose siginfo_t this is, before the handler could. True: it is a tick of ours, and
 *  the next one stands for it, too. */
bool cp_cpu_postpone(const void *info);

/**
 * Lets the thread tick, by the session's engine or the next best. t: a record from cp_thread_new(),
 * its tid not entered yet; it is freed if the thread is profiled already or cannot be. The caller
 * is counted in `inflight`, or holds the session.
 */
void cp_cpu_arm(struct cp_thread *t, int tid);

/** So many periods are in the rings now: wakes the collector once they are what it awaits. */
void cp_cpu_tell_collector(uint64_t periods);

/** What is left of a thread whose ticks were ended: periods that were due and not delivered. */
struct cp_cpu_leftover {
	uint64_t weight;
	uint32_t npcs;
	uintptr_t pcs[2]; // start routine, if known, and a marker
};

/** Ends the ticks of an armed thread and frees its record; false: it is not armed, or somebody
 * else's. */
bool cp_cpu_disarm(struct cp_thread *t, struct cp_cpu_leftover *left_out);

/** The event of a thread that the caller has claimed as CP_THREAD_MOVING is gone: it gets another, by whichever engine
 *  can. What it has not delivered is left. */
void cp_cpu_arm_anew(struct cp_thread *t, struct cp_cpu_leftover *left_out);

/** More than what is always due between two ticks of the kernel: there must be a reason. */
bool cp_cpu_owes_much(uint64_t periods);

/** The reason is that the thread blocks our signal: the marker says so. */
void cp_cpu_name_blocked(struct cp_cpu_leftover *left);

/** In a new thread, before its start routine; t: a record from cp_thread_new() with `start` set. */
void cp_cpu_thread_begin(struct cp_thread *t);

/** In the thread, when it ends; start: its start routine. */
void cp_cpu_thread_end(uintptr_t start);

/** It has been through cp_cpu_thread_end() and is still there: all its time is counted. */
bool cp_cpu_thread_has_ended(int tid);

/** Their ids may be others' next. NULL: all. */
void cp_cpu_forget_ended(bool (*is_gone)(int tid));

/** Before exec, what survives it or may be pending stops for the calling thread: it must not meet a program that does
 *  not know it. */
void cp_cpu_before_exec(void);

/** It failed. Does nothing where nothing was stopped, as in a child of vfork(). */
void cp_cpu_after_exec(void);

/** In the child of fork(): no profile runs. Context: FORK. */
void cp_cpu_reset_in_child(void);

#endif
