// SPDX-License-Identifier: MIT
// Context: CTL. See exit_guard.h.
//
// Until glibc 2.41 two threads may be in exit() at once, or one there while main returns: each takes the next function
// off the list, and who finds none left ends the process, in the midst of what another has taken. Ours is a
// destructor, and all destructors are one function of that list, its last but for what constructors have put there:
// this one. Who takes it while another is at the files waits there; and before it does it puts another there for who
// comes next.
#include "exit_guard.h"

#include <stddef.h>

#include "sigsafe/atomic.h"

int __cxa_atexit(void (*fn)(void *arg), void *arg, void *object);

static void come_by(void *arg)
{
	struct cp_exit_guard *guard = arg;
	if (load(&guard->is_through, acquire))
		return;
	cp_exit_guard_set(guard);
	cp_exit_guard_stop(guard);
}

void cp_exit_guard_set(struct cp_exit_guard *guard)
{
	// Of no object of the loader's: else our own destructor would take it off the list. Where it is NULL,
	// ThreadSanitizer calls come_by() without its argument.
	__cxa_atexit(come_by, guard, guard);
}

void cp_exit_guard_stop(struct cp_exit_guard *guard)
{
	guard->stop();
	store(&guard->is_through, true, release);
}
