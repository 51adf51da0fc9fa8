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
	 * Lets t tick each period of its CPU time, the first time after first_ns. Sets t->engine.
	 * -EAGAIN, -EMFILE: this thread can have none now, others may. -ESRCH: it has ended.
	 */
	int (*arm)(struct cp_thread *t, uint64_t first_ns);
	/** The periods that were due and not delivered; 0 where they are not known. */
	uint64_t (*owed)(struct cp_thread *t);
	/** Ends what arm() began. What is owed is asked before. */
	void (*disarm)(struct cp_thread *t);
	/** What those periods are: the marker of their sample. */
	enum cp_marker (*undelivered)(void);
	/** The periods that a signal from this engine to t stands for; 0: it is not from it. */
	uint64_t (*weight)(struct cp_thread *t, const struct cp_signal *signal);
};

/** What all engines need to know; set before the first arm() of a session. */
struct cp_cpu_engine_params {
	int signal;
	uint64_t period_ns;
	uint64_t tick_ns; // of the kernel: 1 / CONFIG_HZ
	uint64_t cookie;  // of the session, low 32 bits clear; a timer's value adds the record's index
};

extern struct cp_cpu_engine_params cp_cpu_engine_params;

extern const struct cp_cpu_engine cp_cpu_timer;
extern const struct cp_cpu_engine cp_cpu_perf;
extern const struct cp_cpu_engine cp_cpu_itimer;

/** Whether perf events tick here: tries one for a millisecond. 0 or a negative errno. */
int cp_cpu_perf_probe(void);

/** The signal is that of the probe. */
bool cp_cpu_perf_is_probe(const struct cp_signal *signal);

/** Around an exec by thread t (NULL: none): no tick is pending while it is paused. */
void cp_cpu_perf_pause(struct cp_thread *t, bool pause);

/** In a fork child: t's descriptor is a copy of the parent's. Context: FORK. */
void cp_cpu_perf_close_in_child(struct cp_thread *t);

/** The kernel's time must not be sampled by perf events (perf_event_paranoid). */
bool cp_cpu_perf_is_user_only(void);

/** How many descriptors perf events may take, and from which number on. */
void cp_cpu_perf_limit_fds(uint32_t max_events, int lowest_fd);

/** Periods one tick of the itimer stands for: more than one above the kernel's rate. */
uint64_t cp_cpu_itimer_weight(void);

/** Ends the process's timer. */
void cp_cpu_itimer_off(void);

/** Stops it, if it is on, around exec, which it would survive. */
void cp_cpu_itimer_pause(bool pause);

/** In a fork child, which inherits neither timer. Context: FORK. */
void cp_cpu_itimer_reset(void);
void cp_cpu_perf_reset(void);

#endif
