// SPDX-License-Identifier: MIT
// Context: SIG. See finish_hook.h.
#include <linux/signal.h>

#include "finish_hook.h"
#include "kind/signal_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/sys.h"

// What is interrupted may hold a lock that the writing needs (not the loader's: see loader_thread.h): then
// this is how long the process lives on, and the files are lost.
enum { PATIENCE_MS = 10000 };

struct cp_finish_shared cp_finish = {.app = {{SIGINT, true}, {SIGTERM, true}, {SIGABRT, true}, {SIGHUP}, {SIGQUIT},
		{SIGALRM}, {SIGPIPE}, {SIGXCPU}}};

static int slot_of(int sig)
{
	int i = 0;
	while (i < CP_FINISH_SIGNALS && cp_finish.app[i].sig != sig)
		i++;
	return i;
}

bool cp_finish_watches(int sig)
{
	int pid = load(&cp_finish.pid, acquire);
	return pid != 0 && slot_of(sig) < CP_FINISH_SIGNALS && pid == cp_getpid();
}

void cp_finish_app_action(int sig, struct cp_action *action_out)
{
	int i = slot_of(sig);
	*action_out = (struct cp_action){0};
	if (i == CP_FINISH_SIGNALS || (action_out->handler = load(&cp_finish.app[i].handler, acquire)) == 0)
		return;
	action_out->flags = cp_finish.app[i].flags;
	action_out->mask = cp_finish.app[i].mask;
}

void cp_finish_set_default(int sig)
{
	int i = slot_of(sig);
	if (i < CP_FINISH_SIGNALS)
		store(&cp_finish.app[i].handler, 0, release);
}

static void await_written(void)
{
	uint64_t give_up_ns = cp_clock_ns(CP_CLOCK_MONOTONIC) + PATIENCE_MS * CP_NS_PER_MS;
	while (!load(&cp_finish.is_done, acquire)) {
		uint64_t now_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
		if (now_ns >= give_up_ns)
			return;
		cp_futex_wait(&cp_finish.is_done, 0, give_up_ns - now_ns);
	}
}

static void have_files_written(int sig)
{
	int none = 0;
	cp_finish_alone_fn *alone = load(&cp_finish.alone, acquire);
	// A second signal comes before this one is the first, and writes itself, or when all is written.
	uint64_t mask = alone ? cp_signal_block_app() : cp_sigmask(CP_SIG_BLOCK, 0);
	bool is_first = compare_exchange(&cp_finish.sig, &none, sig, acq_rel);
	if (alone && is_first)
		alone();
	cp_sigmask_restore(mask);
	if (alone)
		return;
	fetch_add(&cp_finish.nasked, 1, release);
	cp_futex_wake(&cp_finish.nasked, 1);
	await_written();
}

static void end_by(int sig)
{
	if ((sig == SIGINT || sig == SIGTERM) && load(&cp_finish.exits_zero, relaxed))
		cp_syscall(SYS_exit_group, 0, 0, 0, 0);
	cp_signal_die_of(sig);
}

static void note_end(int sig)
{
	store(&cp_finish.end_sig, sig, relaxed);
	store(&cp_finish.end_pid, cp_getpid(), release);
}

void cp_finish_end_if_due(void)
{
	int pid = load(&cp_finish.end_pid, acquire);
	if (pid == 0 || pid != cp_getpid())
		return;
	if (!load(&cp_finish.alone, acquire))
		await_written();
	end_by(load(&cp_finish.end_sig, relaxed));
}

void cp_finish_before_end(int sig)
{
	int pid = load(&cp_finish.pid, acquire);
	if (pid == 0 || pid != cp_getpid())
		return;
	note_end(sig);
	have_files_written(sig);
}

void cp_finish_on_signal(int sig, void *info, void *ucontext)
{
	bool is_ours = cp_finish_watches(sig);
	struct cp_action app;
	cp_finish_app_action(sig, &app);
	if (is_ours && !app.handler)
		note_end(sig);
	if (is_ours)
		have_files_written(sig);
	if (app.handler && app.flags & SA_SIGINFO)
		((void (*)(int, void *, void *))app.handler)(sig, info, ucontext);
	else if (app.handler)
		((void (*)(int))app.handler)(sig);
	else if (is_ours)
		end_by(sig);
	else
		cp_signal_die_of(sig);
}
