// SPDX-License-Identifier: MIT
// Context: SIG. See trace_thread_hook.h; the life of threads, and how their buffers are taken from them.
#include "trace_thread_hook.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <linux/prctl.h>

#include "sigsafe/capture.h"
#include "sigsafe/clock.h"
#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/thread.h"
#include "sigsafe/ticks.h"
#include "trace_wait_hook.h"

enum { NOT_FREE = -1, NAME_BYTES = 16, MAX_WAIT_MS = 10, WITHOUT_BARRIER_MS = 2 };

__thread uint32_t cp_trace_own;

static struct cp_trace_thread no_threads[CP_TRACE_FIRST_THREAD] = {[CP_TRACE_NOBODY] = {.busy = true}};
_Atomic(struct cp_trace_thread *) cp_trace_threads = no_threads;

static _Atomic uint32_t cursor, end = CP_TRACE_FIRST_THREAD; // of records that were ever used
static _Atomic uint32_t ntaken;

/// Records

// Half a megabyte, which is not in the library, for few programs are traced (scripts/check-library says what it costs).
int cp_trace_threads_reserve(void)
{
	const size_t nbytes = CP_TRACE_MAX_THREADS * sizeof(struct cp_trace_thread);
	struct cp_trace_thread *expected = no_threads;
	if (load(&cp_trace_threads, relaxed) != expected)
		return 0;
	struct cp_trace_thread *threads = cp_pages_alloc(nbytes);
	if (!threads)
		return -ENOMEM;
	store(&threads[CP_TRACE_NOBODY].busy, true, relaxed);
	if (!compare_exchange(&cp_trace_threads, &expected, threads, release))
		cp_pages_free(threads, nbytes); // another thread was faster
	return 0;
}

/** Its index; 0: all are taken. */
static uint32_t claim(int tid)
{
	enum { NTHREADS = CP_TRACE_MAX_THREADS - CP_TRACE_FIRST_THREAD };
	bool is_room = fetch_add(&ntaken, 1, relaxed) < NTHREADS; // else no search, at each event of each thread
	is_room &= cp_trace_threads_reserve() == 0;
	for (uint32_t tries = 0; is_room && tries < NTHREADS; tries++) {
		uint32_t i = CP_TRACE_FIRST_THREAD + fetch_add(&cursor, 1, relaxed) % NTHREADS;
		int free_tid = 0;
		struct cp_trace_thread *t = cp_trace_thread_at(i);
		if (load(&t->tid, relaxed) || !compare_exchange(&t->tid, &free_tid, tid, acquire))
			continue;
		uint32_t before = load(&end, relaxed);
		while (before <= i && !compare_exchange(&end, &before, i + 1, release))
			;
		return i;
	}
	fetch_sub(&ntaken, 1, relaxed);
	fetch_add(&cp_trace_shared.lost_events, 1, relaxed);
	return 0;
}

struct cp_trace_thread *cp_trace_join(void)
{
	cp_trace_own = CP_TRACE_NOBODY; // to a handler that comes in between
	atomic_signal_fence(memory_order_seq_cst);
	int tid = cp_gettid();
	if (!cp_thread_is_excluded(tid))
		cp_trace_own = claim(tid);
	return cp_trace_own ? cp_trace_thread_at(cp_trace_own) : NULL;
}

/** Of a thread that does not write any more. A doubtful buffer stays: that is the keeper's business. */
static void release(struct cp_trace_thread *t)
{
	struct cp_trace_buffer *b = exchange(&t->buffer, NULL, acq_rel);
	if (b)
		cp_trace_hand_over(b);
	t->task = 0;
	t->retry_ticks = 0;
	store(&t->lost, 0, relaxed);
	store(&t->busy, false, relaxed);
	store(&t->tid, 0, release);
	fetch_sub(&ntaken, 1, relaxed);
}

uint32_t cp_trace_hide(void)
{
	uint32_t own = cp_trace_own;
	cp_trace_own = CP_TRACE_NOBODY;
	return own;
}

void cp_trace_show(uint32_t hidden)
{
	cp_trace_own = hidden;
}

uint64_t cp_trace_set_task(uint64_t task)
{
	struct cp_trace_thread *t = cp_trace_self();
	if (!t || cp_trace_is_nobody(t))
		return 0;
	uint64_t before = t->task;
	t->task = task;
	return before;
}

uint64_t cp_trace_task(void)
{
	return cp_trace_thread_at(cp_trace_own)->task; // the process has none
}

/// Births and deaths

void cp_trace_thread_expect(struct cp_trace_birth *birth_out, const void *caller)
{
	*birth_out = (struct cp_trace_birth){0};
	if (!cp_trace_is_on())
		return;
	uintptr_t pcs[CP_CAPTURE_PCS];
	struct cp_trace_thread *t = cp_trace_self();
	if (!t || load(&t->busy, relaxed))
		return;
	uint32_t npcs = cp_capture(pcs, caller, 0);
	store(&t->busy, true, relaxed); // the table is not made anew meanwhile
	atomic_signal_fence(memory_order_seq_cst);
	if (cp_trace_is_on()) {
		birth_out->session = load(&cp_trace_shared.session, relaxed);
		birth_out->stack = cp_trace_stack(pcs, npcs, cp_labels_current_id(load(&t->tid, relaxed)));
	}
	store(&t->busy, false, release);
	birth_out->creator_tid = load(&t->tid, relaxed);
}

void cp_trace_thread_begin(const struct cp_trace_birth *birth, uintptr_t start)
{
	bool is_known = birth->session == load(&cp_trace_shared.session, relaxed);
	const uint64_t args[] = {(uint64_t)birth->creator_tid, start, is_known ? birth->stack : 0};
	cp_trace_event(TRACE_THREAD_START, args, 3);
}

void cp_trace_thread_end(uintptr_t self)
{
	struct cp_trace_thread *t = cp_trace_thread_at(cp_trace_own);
	if (cp_trace_own < CP_TRACE_FIRST_THREAD)
		return;
	if (cp_trace_is_on()) {
		char name[NAME_BYTES] = "";
		size_t len = 0;
		cp_syscall(SYS_prctl, PR_GET_NAME, name, 0, 0);
		while (len < NAME_BYTES && name[len])
			len++;
		const uint64_t cpu_ns = cp_clock_ns(CP_CLOCK_THREAD_CPU);
		cp_trace_text_event(TRACE_THREAD_STOP, &cpu_ns, 1, name, len);
	}
	cp_trace_wake_begin((const void *)self); // who joins it waits for that
	// Destructors that come after us may lock something yet: for that there is a new record then.
	cp_trace_own = 0;
	atomic_signal_fence(memory_order_seq_cst);
	release(t);
}

/// Taking buffers away

/** A thread that ended without our knowing, by exit(2) for one, leaves its record behind. */
static void release_if_gone(struct cp_trace_thread *t)
{
	int tid = load(&t->tid, acquire);
	if (tid <= 0 || cp_syscall(SYS_tgkill, cp_trace_shared.pid, tid, 0, 0) != -ESRCH ||
			!compare_exchange(&t->tid, &tid, NOT_FREE, acq_rel))
		return;
	release(t);
}

/** After it, every thread has seen what was stored before it, or we see that it is busy. */
static void barrier(void)
{
	static bool is_registered;
	if (!is_registered)
		is_registered = cp_syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0) == 0;
	if (cp_syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0, 0) == 0)
		return;
	// No processor keeps a store to itself for that long.
	struct cp_timespec ts = cp_timespec_from_ns(WITHOUT_BARRIER_MS * CP_NS_PER_MS);
	cp_syscall(SYS_nanosleep, &ts, NULL, 0, 0);
}

static void take_away(struct cp_trace_thread *t, uint64_t before_ticks)
{
	struct cp_trace_buffer *b = load(&t->buffer, acquire);
	bool is_old = b && cp_trace_used_bytes(load(&b->progress, relaxed)) && b->base_ticks < before_ticks;
	if (!t->doubtful && (is_old || (b && before_ticks == UINT64_MAX)))
		t->doubtful = exchange(&t->buffer, NULL, seq_cst);
}

/** Its thread may still be at writing into it, and not get to run: then another time. */
static void settle(struct cp_trace_thread *t, uint64_t until_ns)
{
	while (t->doubtful && load(&t->busy, acquire)) {
		if (cp_clock_ns(CP_CLOCK_MONOTONIC) > until_ns)
			return;
		cp_syscall(SYS_sched_yield, 0, 0, 0, 0);
	}
	if (t->doubtful)
		cp_trace_hand_over(t->doubtful);
	t->doubtful = NULL;
}

void cp_trace_take_buffers(uint64_t before_ticks)
{
	uint32_t n = load(&end, acquire);
	for (uint32_t i = 0; i < n; i++)
		take_away(cp_trace_thread_at(i), before_ticks);
	barrier();
	uint64_t until_ns = cp_clock_ns(CP_CLOCK_MONOTONIC) + MAX_WAIT_MS * CP_NS_PER_MS;
	for (uint32_t i = 0; i < n; i++) {
		release_if_gone(cp_trace_thread_at(i));
		settle(cp_trace_thread_at(i), until_ns);
	}
}

bool cp_trace_quiesce(void)
{
	barrier();
	uint64_t until_ns = cp_clock_ns(CP_CLOCK_MONOTONIC) + MAX_WAIT_MS * CP_NS_PER_MS;
	for (uint32_t i = 0; i < load(&end, acquire); i++) {
		while (i != CP_TRACE_NOBODY && load(&cp_trace_thread_at(i)->busy, acquire)) {
			if (cp_clock_ns(CP_CLOCK_MONOTONIC) > until_ns)
				return false;
			cp_syscall(SYS_sched_yield, 0, 0, 0, 0);
		}
	}
	return true;
}

void cp_trace_reset_in_child(void)
{
	// Another thread may have been about to start the first trace.
	if (load(&cp_trace_shared.control.word, relaxed))
		store(&cp_trace_shared.control.word, 0, relaxed);
	if (load(&cp_trace_shared.turn.word, relaxed))
		store(&cp_trace_shared.turn.word, 0, relaxed);
	if (load(&cp_trace_shared.session, relaxed) == 0 && load(&end, relaxed) == CP_TRACE_FIRST_THREAD)
		return; // nobody ever came by
	store(&cp_trace_mode, 0, relaxed);
	store(&ntaken, 0, relaxed);
	store(&cp_trace_shared.npending, 0, relaxed);
	for (uint32_t i = 0; i < load(&end, relaxed); i++)
		*cp_trace_thread_at(i) = (struct cp_trace_thread){.busy = i == CP_TRACE_NOBODY};
	cp_trace_own = 0;
	cp_trace_pool_reset();
}
