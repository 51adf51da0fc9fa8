// SPDX-License-Identifier: MIT
// Context: SIG. See last_thread_hook.h.
#include "last_thread_hook.h"

#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "sigsafe/sys.h"
#include "sigsafe/taskdir.h"
#include "sigsafe/thread.h"

enum { AGAIN_MS = 1, MAX_LOOKS = 1000 };

static _Atomic int nthreads = 1; // main is one
static _Atomic int main_status = -1;
static _Atomic int counted_pid; // whose threads these are

/** In a child of fork() this one is all there is, and those it has made since: by a handler of fork()'s that came
 *  before ours. A child of vfork() makes none. */
static void count_own(void)
{
	int pid = cp_getpid(), before = load(&counted_pid, relaxed);
	if (before == pid || !compare_exchange(&counted_pid, &before, pid, relaxed))
		return;
	store(&main_status, -1, relaxed);
	if (before)
		store(&nthreads, 1, relaxed);
}

void cp_last_thread_count(int by)
{
	count_own();
	fetch_add(&nthreads, by, relaxed);
}

bool cp_last_thread_ends(void)
{
	return fetch_sub(&nthreads, 1, acq_rel) == 1;
}

/** The main thread is listed for as long as the process lives. */
static void look_for_other(int tid, void *arg)
{
	*(bool *)arg |= tid != cp_gettid() && tid != cp_getpid() && !cp_thread_is_excluded(tid);
}

bool cp_last_thread_is_alone(void)
{
	_Atomic uint32_t nobody = 0;
	for (int looks = 0; looks < MAX_LOOKS && load(&nthreads, acquire) == 0; looks++) {
		bool is_other = false;
		cp_taskdir_threads(look_for_other, &is_other);
		if (!is_other)
			return load(&nthreads, acquire) == 0;
		cp_futex_wait(&nobody, 0, AGAIN_MS * CP_NS_PER_MS);
	}
	return false;
}

bool cp_last_thread_main_ends(int status)
{
	store(&main_status, status & 0xff, release);
	return cp_last_thread_ends() && cp_last_thread_is_alone();
}

int cp_last_thread_main_status(void)
{
	return load(&main_status, acquire);
}

void cp_last_thread_reset_in_child(void)
{
	count_own();
}
