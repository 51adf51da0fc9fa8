// SPDX-License-Identifier: MIT
// Context: CTL. See threads.h.
//
// A thread that sleeps is looked at from outside, if its stack can be read so (asleep.h): most can. The others are
// asked by a signal, sixty-four at a time, and walk their own stacks in the handler. Nobody is
// stopped: who answers goes on at once. A thread that cannot answer is not waited for where that is
// known beforehand (it blocks the signal, it sleeps uninterruptibly), and for a second where it is not.
//
// SA_RESTART lets most system calls go on after the signal; poll, select, epoll_wait, nanosleep and the like
// return EINTR whatever the handler says (signal(7)).
#include "threads.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "asleep.h"
#include "signal_install.h"
#include "sigsafe/atomic.h"
#include "sigsafe/capture.h"
#include "sigsafe/card.h"
#include "sigsafe/futex.h"
#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/random.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/taskdir.h"
#include "sigsafe/thread.h"
#include "sigsafe/unwind.h"
#include "threads_hook.h"
#include "write/grow.h"

enum { PATIENCE_MS = 1000, OFTEN_PATIENCE_MS = 500, MAX_LISTINGS = 4 };

static void *asleep_buffer;

int cp_threads_reserve_signal(void)
{
	return cp_signal_install(CP_SIGNAL_THREADS, cp_threads_on_signal);
}

/** The turn is ours. Returns the signal, 0 where none is to be sent, or a negative errno. */
static int prepare(unsigned how)
{
	int ret = cp_unwind_init();
	if (ret == 0 && !(how & CP_THREADS_OFTEN))
		ret = cp_modmap_refresh();
	if (ret < 0)
		return ret;
	if (!cp_threads_shared.answers) {
		cp_threads_shared.answers = cp_pages_alloc(CP_ANSWERS * sizeof(struct cp_answer));
		if (!cp_threads_shared.answers)
			return -ENOMEM;
	}
	if (!asleep_buffer && !(asleep_buffer = cp_asleep_buffer_new()))
		return -ENOMEM;
	if (!cp_threads_shared.magic) {
		struct cp_random random;
		cp_random_seed(&random);
		cp_threads_shared.magic = cp_random_next(&random) << 48 | 1ull << 48;
	}
	cp_threads_shared.pid = cp_getpid();
	return how & CP_THREADS_NO_SIGNALS ? 0 : cp_threads_reserve_signal();
}

/** Known before anybody asks: whoever execs must tell a child of vfork() from this process. */
__attribute__((constructor)) static void know_pid(void)
{
	cp_threads_shared.pid = cp_getpid();
}

/// Who there is

static bool is_listed(const struct cp_threads_snapshot *s, int tid)
{
	for (size_t i = 0; i < s->nthreads; i++) {
		if (s->threads[i].tid == tid)
			return true;
	}
	return false;
}

static void list_thread(int tid, void *arg)
{
	struct cp_threads_snapshot *s = arg;
	if (cp_thread_is_excluded(tid) || s->error)
		return;
	if (!cp_grow(&s->threads, &s->threads_cap_bytes, (s->nthreads + 1) * sizeof(*s->threads))) {
		s->error = -ENOMEM;
		return;
	}
	s->threads[s->nthreads++] = (struct cp_thread_seen){.tid = tid, .is_caller = tid == cp_gettid()};
}

static void list_if_new(int tid, void *arg)
{
	if (!is_listed(arg, tid))
		list_thread(tid, arg);
}

/** A directory that is read while threads end may miss some: it is read until nothing new is found. */
static int list_all(struct cp_threads_snapshot *s)
{
	int ret = cp_taskdir_threads(list_thread, s);
	size_t before = 0;
	for (int i = 1; ret == 0 && i < MAX_LISTINGS && before != s->nthreads; i++) {
		before = s->nthreads;
		ret = cp_taskdir_threads(list_if_new, s);
	}
	return ret < 0 ? ret : s->error;
}

/// One thread

static void look_at(struct cp_thread_seen *t, int sig, unsigned how)
{
	if (cp_task_read_status(t->tid, &t->status) < 0 || t->status.state == 'Z' || t->status.state == 'X') {
		t->is_gone = !t->is_caller;
		return;
	}
	struct cp_card card;
	if (cp_card_find(t->tid, &card))
		t->created_at = load(&card.created_at, relaxed);
	if (t->is_caller)
		return;
	if (how & CP_THREADS_DETAILS) {
		cp_task_read_syscall(t->tid, &t->call);
		uint64_t last_ran_ns = cp_task_last_ran_ns(t->tid);
		uint64_t now_ns = last_ran_ns ? cp_task_last_ran_ns(cp_gettid()) : 0;
		t->waits_ns = now_ns > last_ran_ns ? now_ns - last_ran_ns : 0;
	}
	if (strchr("DTt", t->status.state))
		t->excuse = CP_EXCUSE_IN_KERNEL;
	else if (sig > 0 && t->status.blocked & cp_sigmask_of(sig))
		t->excuse = CP_EXCUSE_BLOCKS_SIGNAL;
	else if (sig == 0 || cp_signal_is_deadly(sig)) // in this order: see see_task()
		t->excuse = CP_EXCUSE_NO_SIGNAL;
}

static void keep_stack(struct cp_threads_snapshot *s, struct cp_thread_seen *t, const uintptr_t *pcs,
		uint32_t npcs)
{
	if (!cp_grow(&s->pcs, &s->pcs_cap_bytes, (s->npcs + npcs) * sizeof(*pcs))) {
		s->error = -ENOMEM;
		return;
	}
	memcpy(s->pcs + s->npcs, pcs, npcs * sizeof(*pcs));
	t->pcs = s->npcs;
	t->npcs = npcs;
	s->npcs += npcs;
}

static void keep_own_stack(struct cp_threads_snapshot *s, struct cp_thread_seen *t)
{
	uintptr_t pcs[CP_MAX_PCS];
	struct cp_regs here;
	cp_regs_here(&here);
	uint32_t npcs = cp_capture_outside(pcs, cp_unwind(s->caller ? s->caller : &here, pcs, CP_MAX_PCS).nframes);
	t->epoch = cp_modmap_epoch_of(pcs, npcs);
	t->labels_id = cp_labels_current_id(t->tid);
	keep_stack(s, t, pcs, npcs);
}

/** False: it must be asked. */
static bool keep_if_asleep(struct cp_threads_snapshot *s, struct cp_thread_seen *t)
{
	uintptr_t pcs[CP_MAX_PCS];
	uint32_t labels_id, npcs = cp_asleep_stack(asleep_buffer, t->tid, &t->status, pcs, CP_MAX_PCS, &labels_id);
	if (npcs == 0)
		return false;
	t->excuse = CP_EXCUSE_NONE;
	t->epoch = cp_modmap_epoch_of(pcs, npcs);
	t->labels_id = labels_id;
	keep_stack(s, t, pcs, npcs);
	return true;
}

/// Asking

static void ask(struct cp_thread_seen *t, uint32_t i, int sig)
{
	int ret = cp_threads_ask(i, t->tid, sig, t->status.is_confined || !t->status.state);
	t->was_asked = ret == 0;
	if (ret == -ESRCH)
		t->is_gone = true;
	else if (ret < 0)
		t->excuse = CP_EXCUSE_NO_SIGNAL;
}

static bool is_asked(const struct cp_thread_seen *t)
{
	return !t->is_caller && !t->is_gone && t->excuse == CP_EXCUSE_NONE && t->npcs == 0;
}

static bool has_ended(int tid)
{
	return cp_syscall(SYS_tgkill, cp_threads_shared.pid, tid, 0, 0) == -ESRCH;
}

/** Until all have answered, or nobody new has for patience_ns. */
static void await_answers(const struct cp_thread_seen *batch, uint32_t n, uint64_t patience_ns)
{
	for (;;) {
		uint32_t nanswered = load(&cp_threads_shared.nanswered, acquire);
		uint32_t nopen = 0;
		for (uint32_t i = 0; i < n; i++)
			nopen += is_asked(&batch[i]) && !cp_threads_has_answer(i) && !has_ended(batch[i].tid);
		if (nopen == 0)
			return;
		uint64_t start_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
		cp_futex_wait(&cp_threads_shared.nanswered, nanswered, patience_ns);
		if (load(&cp_threads_shared.nanswered, acquire) == nanswered &&
				cp_clock_ns(CP_CLOCK_MONOTONIC) - start_ns >= patience_ns)
			return;
	}
}

static void take_answer(struct cp_threads_snapshot *s, struct cp_thread_seen *t, uint32_t i)
{
	const struct cp_answer *a = &cp_threads_shared.answers[i];
	if (!is_asked(t))
		return;
	if (cp_threads_end_question(i)) {
		t->epoch = a->epoch;
		t->labels_id = a->labels_id;
		keep_stack(s, t, a->pcs, a->npcs);
	} else if (has_ended(t->tid)) {
		t->is_gone = true;
	} else {
		t->excuse = CP_EXCUSE_NO_ANSWER;
	}
}

static void take_batch(struct cp_threads_snapshot *s, struct cp_thread_seen *batch, uint32_t n, int sig,
		unsigned how)
{
	for (uint32_t i = 0; i < n; i++) {
		look_at(&batch[i], sig, how);
		if (batch[i].is_caller)
			keep_own_stack(s, &batch[i]);
		else if (!batch[i].is_gone && !keep_if_asleep(s, &batch[i]) && is_asked(&batch[i]))
			ask(&batch[i], i, sig);
	}
	await_answers(batch, n, (how & CP_THREADS_OFTEN ? OFTEN_PATIENCE_MS : PATIENCE_MS) * CP_NS_PER_MS);
	for (uint32_t i = 0; i < n; i++)
		take_answer(s, &batch[i], i);
}

/** The turn is ours. */
static void take_in_turn(struct cp_threads_snapshot *s, unsigned how, bool lists_all)
{
	int sig = prepare(how);
	s->error = sig < 0 ? sig : lists_all ? list_all(s) : 0;
	for (size_t i = 0; i < s->nthreads && !s->error; i += CP_ANSWERS) {
		size_t left = s->nthreads - i;
		take_batch(s, &s->threads[i], left < CP_ANSWERS ? (uint32_t)left : CP_ANSWERS, sig, how);
	}
}

static int take(struct cp_threads_snapshot *s, unsigned how, bool lists_all)
{
	uint64_t mask = cp_signal_block_app();
	s->error = cp_turn_take(&cp_threads_shared.turn);
	if (s->error == 0) {
		take_in_turn(s, how, lists_all);
		cp_turn_end(&cp_threads_shared.turn);
	}
	cp_sigmask_restore(mask);
	return s->error;
}

int cp_threads_take(struct cp_threads_snapshot *s, unsigned how)
{
	return take(s, how, true);
}

int cp_threads_take_some(struct cp_threads_snapshot *s, unsigned how)
{
	return take(s, how, false);
}

void cp_threads_free(struct cp_threads_snapshot *s)
{
	cp_grow_free(&s->threads, &s->threads_cap_bytes);
	cp_grow_free(&s->pcs, &s->pcs_cap_bytes);
}

const uintptr_t *cp_threads_stack(
		const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, uint32_t *npcs_out)
{
	static const uintptr_t markers[] = {
			[CP_EXCUSE_NONE] = CP_MARKER_NO_ANSWER,
			[CP_EXCUSE_BLOCKS_SIGNAL] = CP_MARKER_BLOCKED,
			[CP_EXCUSE_IN_KERNEL] = CP_MARKER_IN_KERNEL,
			[CP_EXCUSE_NO_SIGNAL] = CP_MARKER_NO_ANSWER,
			[CP_EXCUSE_NO_ANSWER] = CP_MARKER_NO_ANSWER,
	};
	*npcs_out = t->npcs ? t->npcs : 1;
	return t->npcs ? s->pcs + t->pcs : &markers[t->excuse];
}

static void count_thread(int tid, void *arg)
{
	*(uint64_t *)arg += !cp_thread_is_excluded(tid);
}

uint64_t cp_threads_count(void)
{
	uint64_t count = 0;
	cp_taskdir_threads(count_thread, &count);
	return count;
}
