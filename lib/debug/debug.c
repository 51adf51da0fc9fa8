// SPDX-License-Identifier: MIT
// Context: EARLY, then our own thread. CPROFDEBUG, Go's GODEBUG: what the program tells of itself while it runs,
// linked or injected alike. One thread does it all; a program that is not asked pays a getenv().
//
//   schedtrace=MS, scheddetail=1   schedtrace.h
//   gctrace=1                      gctrace.h, heaptrace.h
//   allocfreetrace=1               alloctrace.h
//   output=PATH                    output.h
//
// A fork child is silent (its thread is not there); what it executes is asked anew.
#include <pthread.h>
#include <stdlib.h>

#include "alloctrace.h"
#include "gctrace.h"
#include "heaptrace.h"
#include "kind/alloctrace_hook.h"
#include "kind/own_thread.h"
#include "output.h"
#include "schedtrace.h"
#include "settings.h"
#include "sigsafe/futex.h"

static struct {
	struct cp_debug_settings settings;
	bool is_running;
	_Atomic bool is_stopping;
	struct cp_own_thread thread;
	uint64_t sched_due_ns, heap_due_ns; // UINT64_MAX: never
} debug;

static void do_what_is_due(uint64_t now_ns)
{
	if (now_ns >= debug.sched_due_ns) {
		cp_schedtrace_print(debug.settings.scheddetail);
		debug.sched_due_ns = now_ns + (uint64_t)debug.settings.schedtrace_ms * CP_NS_PER_MS;
	}
	if (now_ns >= debug.heap_due_ns) {
		uint64_t wait_ns = cp_heaptrace_look(now_ns);
		debug.heap_due_ns = wait_ns == UINT64_MAX ? UINT64_MAX : now_ns + wait_ns;
	}
	if (debug.settings.allocfreetrace)
		cp_alloctrace_drain();
}

static uint64_t time_to_next_ns(void)
{
	uint64_t due_ns = debug.sched_due_ns < debug.heap_due_ns ? debug.sched_due_ns : debug.heap_due_ns;
	uint64_t now_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	if (due_ns == UINT64_MAX)
		return CP_FUTEX_FOREVER;
	return due_ns > now_ns ? due_ns - now_ns : 0;
}

static void run(void *arg)
{
	(void)arg;
	for (;;) {
		// Read first: whoever rings after this is not missed.
		uint32_t bell = load(&cp_alloctrace.bell, seq_cst);
		bool is_last = load(&debug.is_stopping, acquire) || cp_own_thread_is_dismissed(&debug.thread);
		do_what_is_due(cp_clock_ns(CP_CLOCK_MONOTONIC));
		if (is_last)
			return;
		store(&cp_alloctrace.is_waiting, true, seq_cst);
		cp_futex_wait(&cp_alloctrace.bell, bell, time_to_next_ns());
		store(&cp_alloctrace.is_waiting, false, relaxed);
	}
}

static void be_silent_in_child(void)
{
	debug.is_running = false;
	store(&cp_alloctrace.is_on, false, relaxed);
	cp_gctrace_silence();
}

static void start(void)
{
	struct cp_debug_settings *s = &debug.settings;
	cp_debug_output_set(s->path);
	debug.sched_due_ns = s->schedtrace_ms > 0 ? 0 : UINT64_MAX;
	debug.heap_due_ns = s->gctrace && !cp_gctrace_start() ? 0 : UINT64_MAX;
	s->allocfreetrace = s->allocfreetrace && cp_alloctrace_open() == 0;
	debug.thread = (struct cp_own_thread){.name = "cprof-debug", .run = run, .waits_on = &cp_alloctrace.bell};
	debug.is_running = cp_own_thread_start(&debug.thread) == 0;
	if (!debug.is_running)
		return;
	pthread_atfork(NULL, NULL, be_silent_in_child);
	if (s->allocfreetrace)
		cp_alloctrace_start();
}

__attribute__((constructor)) static void construct(void)
{
	const char *text = secure_getenv("CPROFDEBUG");
	if (text && cp_debug_settings_parse(&debug.settings, text))
		start();
}

__attribute__((destructor)) static void destruct(void)
{
	if (!debug.is_running)
		return;
	debug.is_running = false;
	store(&cp_alloctrace.is_on, false, release);
	cp_gctrace_stop();
	debug.sched_due_ns = debug.heap_due_ns = UINT64_MAX;
	store(&debug.is_stopping, true, release);
	fetch_add(&cp_alloctrace.bell, 1, seq_cst);
	cp_futex_wake(&cp_alloctrace.bell, 1);
	cp_own_thread_join(&debug.thread);
}
