// SPDX-License-Identifier: MIT
// Context: CTL. See loader_thread.h. The thread is made once in a process and waits for ever after.
#include "loader_thread.h"

#include <errno.h>
#include <stdint.h>
#include <sys/single_threaded.h>

#include "kind/own_stack.h"
#include "kind/own_thread.h"
#include "loader_thread_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap_state.h"
#include "sigsafe/sys.h"
#include "sigsafe/thread.h"

enum { HURRY_MS = 200, REST_MS = 100, ALONE_REST_MS = 10 };

static struct cp_own_thread thread;
static _Atomic int thread_pid;    // the process it is in: fork leaves it behind
static uint32_t seen;             // of cp_modmap.nasked
static _Atomic uint32_t nanswered; // a futex: the last question (cp_modmap.nasked) that is answered
static _Atomic int answer;
static atomic_bool is_hurry, is_given_up;

static void read_for(uint32_t question)
{
	store(&answer, cp_modmap_read(), relaxed);
	store(&is_given_up, false, relaxed);
	store(&nanswered, question, release);
	cp_futex_wake(&nanswered, INT32_MAX);
}

static void serve(void *arg)
{
	bool rests = true; // after each reading, from those who ask for none: generated code is in no module, ever
	while (!cp_own_thread_is_dismissed(&thread)) {
		cp_futex_wait(&cp_modmap.nasked, seen, rests ? REST_MS * CP_NS_PER_MS : CP_FUTEX_FOREVER);
		uint32_t asked = load(&cp_modmap.nasked, acquire);
		bool is_asked = asked != seen;
		if (!is_asked && rests) {
			store(&cp_modmap.may_ask, true, seq_cst);
			is_asked = load(&cp_modmap.stale, seq_cst);
			rests = false;
		}
		if (!is_asked)
			continue;
		store(&cp_modmap.may_ask, false, relaxed);
		read_for(asked);
		seen = asked;
		rests = true;
	}
	cp_futex_wake(&nanswered, INT32_MAX); // whoever waits is to go away, too
}

/** False: there is no answer to `question`, and it is to be waited for no longer. */
static bool await_answer(uint32_t question)
{
	uint64_t start_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	for (;;) {
		uint32_t last = load(&nanswered, acquire);
		if ((int32_t)(last - question) >= 0)
			return true;
		if (cp_own_thread_is_dismissed(&thread))
			return false;
		bool is_late = cp_clock_ns(CP_CLOCK_MONOTONIC) >= start_ns + HURRY_MS * CP_NS_PER_MS;
		if (load(&is_hurry, acquire) && (is_late || load(&is_given_up, relaxed)))
			return false;
		cp_futex_wait(&nanswered, last, HURRY_MS * CP_NS_PER_MS); // the hurry may begin meanwhile
	}
}

static int ask(void)
{
	// A thread of the program may be inside the loader itself, which lets only that thread in.
	if (load(&thread_pid, acquire) != cp_getpid() || !cp_thread_is_excluded(cp_gettid()))
		return cp_modmap_read();
	uint32_t question = fetch_add(&cp_modmap.nasked, 1, acq_rel) + 1;
	cp_futex_wake(&cp_modmap.nasked, 1);
	if (await_answer(question))
		return load(&answer, relaxed);
	if (cp_own_thread_is_dismissed(&thread))
		return cp_modmap_read();
	store(&is_given_up, true, relaxed);
	return 0; // what is known must do
}

/** Whoever wants to know reads the list itself, as before there was a thread. */
static void lost(void)
{
	store(&thread_pid, 0, release);
}

int cp_loader_thread_start(void)
{
	if (load(&thread_pid, relaxed) == cp_getpid())
		return 0;
	seen = load(&cp_modmap.nasked, relaxed);
	store(&nanswered, seen, relaxed);
	store(&is_given_up, false, relaxed);
	thread = (struct cp_own_thread){.name = "cprof-loader", .run = serve, .waits_on = &cp_modmap.nasked,
			.lost = lost, .has_own_files = true};
	int ret = cp_own_thread_start(&thread);
	if (ret == 0) {
		store(&thread_pid, cp_getpid(), release);
		cp_modmap_read_by(ask);
	}
	return ret;
}

void cp_loader_thread_hurry(bool hurries)
{
	store(&is_hurry, hurries, release);
}

static int read_alone(void *arg)
{
	return cp_modmap_read();
}

void cp_loader_read_alone(void)
{
	static uint64_t next_ns; // generated code is in no module, ever
	if (!__libc_single_threaded || cp_modmap_inside(CP_MODMAP_CLOSES)) // dlclose reads it itself
		return;
	uint64_t now_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	if (now_ns < next_ns)
		return;
	next_ns = now_ns + ALONE_REST_MS * CP_NS_PER_MS;
	int saved_errno = errno;
	cp_own_stack_call(read_alone, NULL);
	errno = saved_errno;
}
