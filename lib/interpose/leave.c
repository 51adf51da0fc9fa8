// SPDX-License-Identifier: MIT
// Context: SIG. A vfork child runs in its parent's memory: the process id, asked of the kernel, is all
// that tells them apart, and it is asked before anything is written.
#include "leave.h"

#include <errno.h>
#include <pthread.h>

#include "record/finish_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/sys.h"

enum { MAX_FUNCTIONS = 4 }; // there are three: of a plain CPU profile, of sessions, of the injected library

static _Atomic(cp_leave_fn *) functions[MAX_FUNCTIONS];
static void (*_Atomic retire)(void), (*_Atomic tidy)(void);
static _Atomic int owner_pid, tidy_pid;
static atomic_bool is_retired; // where asking for the process id may be death
static atomic_bool is_leaving; // in some thread; exec may fail, then it comes back

void cp_leave_call(cp_leave_fn *fn)
{
	store(&owner_pid, cp_getpid(), relaxed);
	store(&is_leaving, false, relaxed); // a fork child may have copied true
	for (int i = 0; i < MAX_FUNCTIONS; i++) {
		cp_leave_fn *there = NULL;
		if (compare_exchange(&functions[i], &there, fn, acq_rel) || there == fn)
			return;
	}
}

bool cp_leave_is_due(void)
{
	return load(&functions[0], acquire) && !load(&is_retired, relaxed) && load(&owner_pid, relaxed) == cp_getpid();
}

void cp_leave_reset_in_child(void)
{
	for (int i = 0; i < MAX_FUNCTIONS; i++)
		store(&functions[i], NULL, relaxed);
	store(&retire, NULL, relaxed);
	store(&tidy, NULL, relaxed);
}

void cp_leave(bool exits)
{
	if (!cp_leave_is_due() || exchange(&is_leaving, true, acquire))
		return;
	int saved_errno = errno, cancel_state;
	// Neither exec nor _exit is a cancellation point: writing a file must not make them one.
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	cp_leave_fn *fn;
	for (int i = 0; i < MAX_FUNCTIONS && (fn = load(&functions[i], acquire)); i++)
		fn(exits);
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved_errno;
	store(&is_leaving, false, release);
}

void cp_end_call(void (*fn)(void))
{
	store(&tidy_pid, cp_getpid(), relaxed);
	store(&tidy, fn, release);
}

void cp_tidy(void)
{
	void (*fn)(void) = load(&tidy, acquire);
	if (fn && !load(&is_retired, relaxed) && load(&tidy_pid, relaxed) == cp_getpid())
		fn();
}

void cp_end(void)
{
	cp_leave(true);
	cp_tidy();
	cp_finish_end_if_due();
}

void cp_retire_call(void (*fn)(void))
{
	store(&owner_pid, cp_getpid(), relaxed);
	store(&retire, fn, release);
}

void cp_retire(void)
{
	void (*fn)(void) = load(&retire, acquire);
	if (!fn || load(&owner_pid, relaxed) != cp_getpid())
		return;
	int saved_errno = errno, cancel_state;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	fn();
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved_errno;
	store(&is_retired, true, relaxed);
}
