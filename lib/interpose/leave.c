// SPDX-License-Identifier: MIT
// Context: SIG. A vfork child runs in its parent's memory: the process id, asked of the kernel, is all
// that tells them apart, and it is asked before anything is written.
#include "leave.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

#include "sigsafe/atomic.h"
#include "sigsafe/sys.h"

typedef void leave_fn(void);

static _Atomic(leave_fn *) leave;
static _Atomic int owner_pid;
static atomic_bool is_leaving; // in some thread; exec may fail, then it comes back

void cp_leave_set(void (*fn)(void))
{
	store(&owner_pid, cp_getpid(), relaxed);
	store(&is_leaving, false, relaxed); // a fork child may have copied true
	store(&leave, fn, release);
}

void cp_leave(void)
{
	leave_fn *fn = load(&leave, acquire);
	if (!fn || load(&owner_pid, relaxed) != cp_getpid() || exchange(&is_leaving, true, acquire))
		return;
	int saved_errno = errno, cancel_state;
	// Neither exec nor _exit is a cancellation point: writing a file must not make them one.
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	fn();
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved_errno;
	store(&is_leaving, false, release);
}
