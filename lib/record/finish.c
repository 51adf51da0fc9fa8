// SPDX-License-Identifier: MIT
// Context: CTL. See finish.h. The thread is made once in a process and waits for ever after.
#include "finish.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>

#include "finish_hook.h"
#include "interpose/next.h"
#include "kind/own_thread.h"
#include "kind/own_thread_hook.h"
#include "loader_thread.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/sys.h"

static struct cp_own_thread thread;
static int thread_pid; // the process it is in: fork leaves it behind
static uint32_t seen;  // of cp_finish.nasked
static bool alone_opens_all; // the thread that is still to be made

typedef void finish_fn(int sig);
enum { MAX_WATCHERS = 4 }; // a session, a test program, the injected library
static _Atomic(finish_fn *) watchers[MAX_WATCHERS];

static void serve(void *arg)
{
	while (!cp_own_thread_is_dismissed(&thread)) {
		cp_futex_wait(&cp_finish.nasked, seen, CP_FUTEX_FOREVER);
		uint32_t nasked = load(&cp_finish.nasked, acquire);
		if (nasked == seen || !cp_own_thread_hold(&thread))
			continue;
		seen = nasked;
		cp_loader_thread_hurry(true);
		for (int i = 0; i < MAX_WATCHERS; i++) {
			finish_fn *finish = load(&watchers[i], acquire);
			if (finish)
				finish(load(&cp_finish.sig, acquire));
		}
		store(&cp_finish.is_done, 1, release);
		cp_futex_wake(&cp_finish.is_done, INT32_MAX);
		cp_own_thread_let_go(&thread);
	}
}

/** Signals do what they would without us: nobody writes files any more. */
static void lost(void)
{
	thread_pid = 0;
	store(&cp_finish.pid, 0, release);
}

/** For whoever comes later and needs the program's: only another thread can have them. */
static void share_files(void)
{
	thread.has_own_files = false;
	if (cp_own_threads_send_away())
		cp_own_threads_call_back();
}

static int make_threads(bool opens_all)
{
	if (thread_pid == cp_getpid()) {
		if (thread.has_own_files && !opens_all)
			share_files();
		return 0;
	}
	seen = load(&cp_finish.nasked, acquire);
	thread = (struct cp_own_thread){.name = "cprof-finish", .run = serve, .waits_on = &cp_finish.nasked,
			.lost = lost, .has_own_files = opens_all};
	int ret = cp_loader_thread_start();
	if (ret == 0)
		ret = cp_own_thread_start(&thread);
	if (ret == 0) {
		thread_pid = cp_getpid();
		store(&cp_finish.alone, NULL, release);
	}
	return ret;
}

void cp_finish_before_thread(void)
{
	static atomic_bool is_making; // libc makes threads of its own, for a timer
	if (!load(&cp_finish.alone, acquire) || load(&cp_finish.pid, relaxed) != cp_getpid() ||
			exchange(&is_making, true, acquire))
		return;
	make_threads(alone_opens_all);
	store(&is_making, false, release);
}

/** Where it has a handler flags and mask are the program's own: its system calls are interrupted as ever. */
static void install(int i)
{
	int sig = cp_finish.app[i].sig;
	struct sigaction app, ours = {.sa_flags = SA_RESTART | SA_ONSTACK};
	if (cp_next_sigaction(sig, NULL, &app) < 0 || app.sa_handler == SIG_IGN ||
			app.sa_sigaction == (void (*)(int, siginfo_t *, void *))cp_finish_on_signal)
		return;
	if (app.sa_handler != SIG_DFL && !cp_finish.app[i].is_end)
		return;
	if (app.sa_handler != SIG_DFL)
		ours = app;
	cp_finish.app[i].flags = (uint64_t)(unsigned)app.sa_flags;
	memcpy(&cp_finish.app[i].mask, &app.sa_mask, sizeof(cp_finish.app[i].mask));
	store(&cp_finish.app[i].handler, (uintptr_t)app.sa_handler, release);
	ours.sa_flags = (ours.sa_flags & ~SA_RESETHAND) | SA_SIGINFO;
	ours.sa_sigaction = (void (*)(int, siginfo_t *, void *))cp_finish_on_signal;
	cp_next_sigaction(sig, &ours, NULL);
}

static void uninstall(int i)
{
	int sig = cp_finish.app[i].sig;
	struct sigaction now, app = {0};
	if (cp_next_sigaction(sig, NULL, &now) < 0 ||
			now.sa_sigaction != (void (*)(int, siginfo_t *, void *))cp_finish_on_signal)
		return;
	app.sa_handler = (sighandler_t)load(&cp_finish.app[i].handler, acquire);
	if (app.sa_handler != SIG_DFL) {
		app.sa_flags = (int)cp_finish.app[i].flags;
		memcpy(&app.sa_mask, &cp_finish.app[i].mask, sizeof(cp_finish.app[i].mask));
	}
	cp_next_sigaction(sig, &app, NULL);
}

static int add_watcher(finish_fn *finish)
{
	for (int i = 0; i < MAX_WATCHERS; i++) {
		finish_fn *there = NULL;
		if (compare_exchange(&watchers[i], &there, finish, acq_rel) || there == finish)
			return 0;
	}
	return -ENOSPC;
}

/** Whether anybody is left. */
static bool remove_watcher(finish_fn *finish)
{
	bool is_any = false;
	for (int i = 0; i < MAX_WATCHERS; i++) {
		finish_fn *there = finish;
		compare_exchange(&watchers[i], &there, NULL, acq_rel);
		is_any |= load(&watchers[i], acquire) != NULL;
	}
	return is_any;
}

/** Behind those that write files: the signal may come meanwhile. */
__attribute__((destructor(101))) static void destruct(void)
{
	cp_finish_end_if_due();
}

int cp_finish_watch(finish_fn *finish, const struct cp_finish_how *how)
{
	static atomic_bool is_registered;
	bool is_alone = how->alone && __libc_single_threaded;
	int ret = is_alone ? 0 : make_threads(how->opens_all);
	if (is_alone) {
		alone_opens_all = how->opens_all;
		store(&cp_finish.alone, how->alone, release);
	}
	if (ret == 0)
		ret = add_watcher(finish);
	if (ret < 0)
		return ret;
	if (!exchange(&is_registered, true, relaxed))
		at_quick_exit(cp_finish_end_if_due);
	cp_loader_thread_hurry(false);
	store(&cp_finish.exits_zero, how->exits_zero, relaxed);
	store(&cp_finish.sig, 0, relaxed);
	store(&cp_finish.is_done, 0, release);
	store(&cp_finish.pid, cp_getpid(), release);
	cp_signal_before_end(cp_finish_before_end);
	for (int i = 0; i < CP_FINISH_SIGNALS; i++)
		install(i);
	return 0;
}

void cp_finish_unwatch(void (*finish)(int sig))
{
	if (load(&cp_finish.pid, acquire) != cp_getpid() || remove_watcher(finish))
		return;
	for (int i = 0; i < CP_FINISH_SIGNALS; i++)
		uninstall(i);
	store(&cp_finish.pid, 0, release);
	// Whoever waits in a handler (another thread stopped meanwhile) waits for what is done now.
	store(&cp_finish.is_done, 1, release);
	cp_futex_wake(&cp_finish.is_done, INT32_MAX);
}
