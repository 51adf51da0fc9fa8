// SPDX-License-Identifier: MIT
// Context: CTL. See dump_signal.h. A handler may not do what a dump needs, so it wakes a thread of ours that does.
// Signals that come while a dump is printed ask for one more, however many they are.
#include "dump_signal.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "dump_signal_hook.h"
#include "own_thread.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/sys.h"
#include "threads.h"

static void print_when_asked(void *arg)
{
	for (uint32_t ndone = 0;;) {
		uint32_t nasked = load(&cp_dump_signal.nasked, acquire);
		if (nasked == ndone)
			cp_futex_wait(&cp_dump_signal.nasked, nasked, CP_FUTEX_FOREVER);
		else
			cp_threads_write(cprof_to_fd(STDERR_FILENO), 2); // nobody to tell of errors
		ndone = nasked;
	}
}

static int install(int sig)
{
	static struct cp_own_thread thread = {.name = "cprof-dump", .run = print_when_asked};
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART}, old;
	action.sa_sigaction = (void (*)(int, siginfo_t *, void *))cp_dump_signal_handle;
	if (sigaction(sig, NULL, &old) < 0)
		return -errno;
	bool is_ours = old.sa_flags & SA_SIGINFO && old.sa_sigaction == action.sa_sigaction; // before a fork
	if (!is_ours && old.sa_handler != SIG_DFL)
		return -EBUSY;
	if (sigaction(sig, &action, NULL) < 0)
		return -errno;
	store(&cp_dump_signal.nasked, 0, relaxed);
	int rc = cp_own_thread_start(&thread);
	if (rc < 0)
		sigaction(sig, &old, NULL);
	else
		store(&cp_dump_signal.pid, cp_getpid(), release);
	return rc;
}

int cp_dump_signal_install(int sig)
{
	static _Atomic int taken_pid; // by this process, or its parent: no lock that a fork would copy
	int pid = cp_getpid(), before = load(&taken_pid, relaxed);
	if (before == pid || !compare_exchange(&taken_pid, &before, pid, acq_rel))
		return -EBUSY;
	int rc = install(sig);
	if (rc < 0)
		store(&taken_pid, 0, release);
	return rc;
}
