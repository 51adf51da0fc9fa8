// SPDX-License-Identifier: MIT
// Context: CTL. See own_thread.h.
#include <errno.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/single_threaded.h>

#include "heap_hook.h"
#include "own_stack.h"
#include "own_thread.h"
#include "own_thread_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/file.h"
#include "sigsafe/futex.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/sys.h"
#include "sigsafe/thread.h"

enum {
	MAX_DISMISSIBLE = 8,
	AGAIN_NS = 1000000,
	GONE_NS = 20000,
	MAX_GONE_WAITS = 3000, // a fifth of a second: its number may be another thread's already
};

// Those that wait on a futex.
static struct cp_own_thread *dismissible[MAX_DISMISSIBLE];
static unsigned ndismissible;
static int dismissible_pid;     // the process they are in: fork leaves them behind
static _Atomic int in_use_pid; // somebody of this process uses the list; a fork's child may find its parent's
static int libcs_pid; // of the process whose libc is about to have a second thread
static uint64_t mask_before; // of the thread that has sent them away
static _Atomic uint64_t unmarked; // of this process: its id, and how many there are now

/**
 * A table that no other thread has: where the program's one thread is alone with its own the kernel counts no
 * references when it looks a descriptor up, 50 ns a system call. It is empty: what the program closes is closed. But
 * for the standard ones, of which cp_open() would have to make way each time, by two to six system calls.
 */
bool cp_own_thread_leave_files(void)
{
	long held[CP_NSTANDARD_FDS];
	if (cp_syscall(SYS_close_range, 0, ~0u, CLOSE_RANGE_UNSHARE, 0) < 0)
		return false;
	cp_standard_fds_hold(held);
	return true;
}

/** In a fork's child a parent's are over. Who has gone may be awaited once more. */
static void count_unmarked(int change)
{
	uint64_t before = load(&unmarked, relaxed), pid = (uint64_t)cp_getpid() << 32;
	uint32_t n;
	do {
		n = before >> 32 == pid >> 32 ? (uint32_t)before : 0;
		n = change > 0 ? n + 1 : n - (n > 0);
	} while (!compare_exchange(&unmarked, &before, pid | n, seq_cst));
}

bool cp_own_threads_are_unmarked(void)
{
	uint64_t now = load(&unmarked, seq_cst);
	return now >> 32 == (uint64_t)cp_getpid() && (uint32_t)now > 0;
}

/**
 * pthread_join() takes the lock of libc's cache of stacks. A garbage collector may have stopped who holds it, until
 * each thread has answered its signal: also the one that joins ours, which takes no signals. So a thread of ours gives
 * its stack back itself. Not one that is sent away: for that the program must be alone, and pthread_join() waits until
 * it is, however long that takes. Nor under ThreadSanitizer, for which nothing else tells that all it wrote was before.
 */
static void leave_stack_to_libc(struct cp_own_thread *t)
{
	bool is_kept = t->is_bare || cp_heap.sanitizer || cp_own_thread_is_dismissed(t);
	t->is_joinable = is_kept || pthread_detach(pthread_self()) != 0;
}

static void run_own_thread(struct cp_own_thread *t)
{
	cp_thread_exclude_self();
	cp_heap_exclude_self(true);
	prctl(PR_SET_NAME, t->name);
	if (t->has_own_files)
		cp_own_thread_leave_files(); // else they share on
	t->tid = cp_gettid();
	store(&t->has_begun, 1, release);
	cp_futex_wake(&t->has_begun, 1);
	t->run(t->arg);
	count_unmarked(1);
	cp_thread_include_self();
	leave_stack_to_libc(t);
	store(&t->has_ended, 1, release);
	cp_futex_wake(&t->has_ended, 1);
}

static void *run_pthread(void *t)
{
	run_own_thread(t);
	return NULL;
}

static int run_bare(void *t)
{
	run_own_thread(t);
	return 0;
}

static int start_pthread(struct cp_own_thread *t)
{
	pthread_attr_t attr;
	int ret = pthread_attr_init(&attr);
	if (ret)
		return -ret;
	pthread_attr_setstacksize(&attr, CP_OWN_STACK_BYTES);
	store(&cp_thread_own_entry, (uintptr_t)run_pthread, relaxed);
	bool was_own = cp_heap_exclude_self(true); // libc allocates for it
	ret = pthread_create(&t->handle, &attr, run_pthread, t);
	cp_heap_exclude_self(was_own);
	pthread_attr_destroy(&attr);
	return -ret;
}

static int start(struct cp_own_thread *t)
{
	store(&t->has_begun, 0, relaxed);
	store(&t->has_ended, 0, relaxed);
	store(&t->is_dismissed, false, relaxed);
	store(&t->is_busy, false, relaxed);
	t->user.text[0] = '\0';
	t->is_bare = t->does_without_libc && __libc_single_threaded && libcs_pid != cp_getpid();
	// Born with everything blocked: the application's signals are for its own threads.
	uint64_t mask = cp_sigmask_block_all();
	count_unmarked(1);
	if (t->is_bare)
		t->is_bare = cp_bare_thread_start(&t->bare, run_bare, t) == 0;
	int ret = t->is_bare ? 0 : start_pthread(t);
	cp_sigmask_restore(mask);
	while (ret == 0 && !load(&t->has_begun, acquire))
		cp_futex_wait(&t->has_begun, 0, CP_FUTEX_FOREVER);
	count_unmarked(-1);
	return ret;
}

bool cp_own_thread_is_dismissed(const struct cp_own_thread *t)
{
	return load(&t->is_dismissed, acquire);
}

bool cp_own_thread_hold(struct cp_own_thread *t)
{
	store(&t->is_busy, true, seq_cst);
	if (!load(&t->is_dismissed, seq_cst))
		return true;
	store(&t->is_busy, false, release);
	return false;
}

void cp_own_thread_let_go(struct cp_own_thread *t)
{
	store(&t->is_busy, false, release);
}

bool cp_own_thread_is_left_behind(struct cp_own_thread *t)
{
	if (t->is_bare && !t->user.text[0])
		cp_task_read_user(t->tid, &t->user);
	return t->is_bare && !cp_task_is_user(cp_getpid(), &t->user);
}

/// Those that can be sent away

static bool take_list(void)
{
	int pid = cp_getpid(), other = load(&in_use_pid, acquire);
	return other != pid && compare_exchange(&in_use_pid, &other, pid, acquire);
}

/** Blocks all signals, returns which were: a handler that waits for files to be written must not have interrupted whom
 *  their writer waits for. */
static uint64_t await_list(void)
{
	_Atomic uint32_t nobody = 0;
	uint64_t mask = cp_sigmask_block_all();
	while (!take_list())
		cp_futex_wait(&nobody, 0, AGAIN_NS);
	return mask;
}

static void release_list(void)
{
	store(&in_use_pid, 0, release);
}

static int start_dismissible(struct cp_own_thread *t)
{
	uint64_t mask = await_list();
	if (dismissible_pid != cp_getpid())
		ndismissible = 0;
	dismissible_pid = cp_getpid();
	int ret = ndismissible < MAX_DISMISSIBLE ? start(t) : -EAGAIN;
	if (ret == 0)
		dismissible[ndismissible++] = t;
	release_list();
	cp_sigmask_restore(mask);
	return ret;
}

static void forget(const struct cp_own_thread *t)
{
	uint64_t mask = await_list();
	unsigned kept = 0;
	for (unsigned i = 0; i < ndismissible; i++) {
		if (dismissible[i] != t)
			dismissible[kept++] = dismissible[i];
	}
	ndismissible = kept;
	release_list();
	cp_sigmask_restore(mask);
}

int cp_own_thread_start(struct cp_own_thread *t)
{
	if (!t->does_without_libc)
		cp_own_threads_before_libcs();
	return t->waits_on ? start_dismissible(t) : start(t);
}

/** To the kernel, too: it counts a thread for a moment longer than pthread_join() waits. That one is not called: our
 *  wait would be in the program's block profile and trace. */
static void await_end(struct cp_own_thread *t)
{
	_Atomic uint32_t nobody = 0;
	while (!load(&t->has_ended, acquire))
		cp_futex_wait(&t->has_ended, 0, CP_FUTEX_FOREVER);
	if (t->is_bare)
		cp_bare_thread_join(&t->bare);
	while (!t->is_bare && t->is_joinable && pthread_tryjoin_np(t->handle, NULL) == EBUSY)
		cp_futex_wait(&nobody, 0, GONE_NS);
	for (int i = 0; i < MAX_GONE_WAITS && cp_syscall(SYS_tgkill, cp_getpid(), t->tid, 0, 0) == 0; i++)
		cp_futex_wait(&nobody, 0, GONE_NS);
	count_unmarked(-1);
}

void cp_own_thread_join(struct cp_own_thread *t)
{
	if (t->waits_on)
		forget(t);
	if (!t->is_lost)
		await_end(t);
}

static bool is_any_busy(void)
{
	bool is_any = false;
	for (unsigned i = 0; i < ndismissible; i++)
		is_any |= load(&dismissible[i]->is_busy, seq_cst);
	return is_any;
}

static void set_dismissed(bool are_dismissed)
{
	for (unsigned i = 0; i < ndismissible; i++)
		store(&dismissible[i]->is_dismissed, are_dismissed, seq_cst);
}

/** False: one of them is at work, and may wait for the list. (Who has gone all the same has ended the next time.) */
static bool dismiss_all(void)
{
	if (is_any_busy())
		return false;
	set_dismissed(true);
	if (!is_any_busy())
		return true;
	set_dismissed(false);
	return false;
}

bool cp_own_threads_send_away(void)
{
	_Atomic uint32_t nobody = 0;
	bool is_taken;
	// A child of vfork() runs on our memory, and must leave it alone.
	if (dismissible_pid != cp_getpid() || cp_thread_is_excluded(cp_gettid()))
		return false;
	// As in await_list(): a handler would find nobody who writes, or wait for the list that its own thread has.
	uint64_t mask = cp_sigmask_block_all();
	while ((is_taken = take_list()) && !dismiss_all()) {
		release_list();
		cp_futex_wait(&nobody, 0, AGAIN_NS);
	}
	if (!is_taken) {
		cp_sigmask_restore(mask);
		return false;
	}
	mask_before = mask;
	for (unsigned i = 0; i < ndismissible; i++) {
		struct cp_own_thread *t = dismissible[i];
		// Woken again and again: it may have asked just before, and be about to wait.
		do {
			cp_futex_wake(t->waits_on, INT32_MAX);
			cp_futex_wait(&t->has_ended, 0, AGAIN_NS);
		} while (!load(&t->has_ended, acquire));
		await_end(t);
	}
	return true;
}

static void let_go(void)
{
	uint64_t mask = mask_before;
	release_list();
	cp_sigmask_restore(mask);
}

void cp_own_threads_call_back(void)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < ndismissible; i++) {
		struct cp_own_thread *t = dismissible[i];
		t->is_lost = start(t) < 0;
		if (!t->is_lost)
			dismissible[kept++] = t;
		else if (t->lost)
			t->lost();
	}
	ndismissible = kept;
	let_go();
}

void cp_own_threads_end(void)
{
	if (!cp_own_threads_send_away())
		return;
	ndismissible = 0;
	let_go();
}

void cp_own_threads_before_libcs(void)
{
	if (!__libc_single_threaded || libcs_pid == cp_getpid() || !cp_own_threads_send_away())
		return;
	libcs_pid = cp_getpid();
	cp_own_threads_call_back();
}
