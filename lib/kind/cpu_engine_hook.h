// SPDX-License-Identifier: MIT
// Context: SIG. What makes threads tick: one interface, three engines, one file each.
//
// arm() and disarm() run on the thread itself (in the pthread_create hook) or on ours, for a thread
// found in /proc/self/task: so they are system calls only. Who calls them has claimed the record.
#ifndef CPROF_KIND_CPU_ENGINE_HOOK_H
#define CPROF_KIND_CPU_ENGINE_HOOK_H

#include "sigsafe/thread.h"
#include "sigsafe/types.h"

/** What a handler is told of its signal, without the kernel's types. */
struct cp_signal {
	int code;        // si_code
	uint64_t cookie; // si_value, of a timer
	int overrun;     // of a timer
	int fd;          // of a perf event
};

struct cp_cpu_engine {
	const char *name;
	/**
	 * Lets t tick each period of its CPU time, the first time after first_ns from now. Sets t->engine.
	 * -EAGAIN, -EMFILE: this thread can have none now, others may. -ESRCH: it has ended.
	 */
	int (*arm)(struct cp_thread *t, uint64_t first_ns);
	/** Moves t's ticks to another place of the period, as many as they are. NULL: it cannot. CTL. */
	void (*move)(struct cp_thread *t);
	/** What arm() made is there no more. NULL: that cannot be. CTL. */
	bool (*is_gone)(const struct cp_thread *t);
	/** Ends what arm() began. */
	void (*disarm)(struct cp_thread *t);
	/** What periods are that it did not deliver: the marker of their sample. */
	enum cp_marker (*undelivered)(void);
};

/** What all engines need to know; set before the first arm() of a session. */
struct cp_cpu_engine_params {
	int signal;
	uint64_t period_ns;
	uint64_t tick_ns; // of the kernel: 1 / CONFIG_HZ
	uint64_t
		cookie; // of the session, low 32 bits clear; a timer's value adds the record's index
};

extern struct cp_cpu_engine_params cp_cpu_engine_params;

extern const struct cp_cpu_engine cp_cpu_timer;
extern const struct cp_cpu_engine cp_cpu_perf;
extern const struct cp_cpu_engine cp_cpu_itimer;

/** The periods of t's CPU time that were due and are not delivered; 0 if it has ended. */
uint64_t cp_cpu_owed(struct cp_thread *t);

/** Whether perf events tick here: tries one for a millisecond. 0 or a negative errno. */
int cp_cpu_perf_probe(void);

/** Whether the kernel lets a perf event of the caller sample its time there, too. */
bool cp_cpu_perf_sees_kernel(void);

/** An event was opened in this process: a signal may still come when none is open any more. */
bool cp_cpu_perf_was_used(void);

/** The signal is that of the probe. */
bool cp_cpu_perf_is_probe(const struct cp_signal *signal);

/** How many descriptors perf events may take, and their numbers: from lowest_fd to nfds. CTL. */
int cp_cpu_perf_limit_fds(uint32_t max_events, int lowest_fd, uint32_t nfds);

/** The thread whose event sent the signal; NULL: it is from none of ours. */
struct cp_thread *cp_cpu_perf_thread(const struct cp_signal *signal);

/** The periods that a signal to t stands for. */
uint64_t cp_cpu_perf_weight(struct cp_thread *t);

/** Threads have ticked for the first time, and are to get the real period now. The second: CTL. */
bool cp_cpu_perf_wants_periods(void);
void cp_cpu_perf_set_periods(void);

/** Around an exec by thread t (NULL: none): no tick is pending while it is paused. */
void cp_cpu_perf_pause(struct cp_thread *t, bool pause);

/** In a fork child: t's descriptor is a copy of the parent's. Context: FORK. */
void cp_cpu_perf_close_in_child(struct cp_thread *t);

/** Before the first thread gets it. is_alone: it is the session's engine, no thread has its own timer. */
void cp_cpu_itimer_begin(bool is_alone);
bool cp_cpu_itimer_is_on(void);

/** The periods that a tick of it in thread t (NULL: not known) stands for. */
uint64_t cp_cpu_itimer_weight(struct cp_thread *t);

/** The periods of the process's CPU time that no tick has taken yet; they are taken with this. */
uint64_t cp_cpu_itimer_take_owed(void);

/** It is the session's engine, not the last resort of some threads. */
bool cp_cpu_itimer_is_alone(void);

/** Ends the process's timer. */
void cp_cpu_itimer_off(void);

/** Stops it, if it is on, around exec, which it would survive. */
void cp_cpu_itimer_pause(bool pause);

/** In a fork child, which inherits neither timer. Context: FORK. */
void cp_cpu_itimer_reset(void);
void cp_cpu_perf_reset(void);

#endif
