// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Read-write locks and spin locks. They are tried first; what the real function returns is
// returned as it is, and the lock is not touched any more once it was released.
#include "kind/held_hook.h"
#include "locks.h"

/// Read-write locks

static int note_taken(const void *l, enum trace_wait kind, int rc, const void *caller)
{
	if (rc == 0)
		cp_held_enter(l, kind, caller);
	return rc;
}

CP_NEXT_NOTED(pthread_rwlock_tryrdlock, (pthread_rwlock_t *l), (l),
		note_taken(l, TRACE_WAIT_RWLOCK_READ, real_pthread_rwlock_tryrdlock(l), CP_CALLER))
CP_NEXT_NOTED(pthread_rwlock_trywrlock, (pthread_rwlock_t *l), (l),
		note_taken(l, TRACE_WAIT_RWLOCK_WRITE, real_pthread_rwlock_trywrlock(l), CP_CALLER))
CP_NEXT_NOTED(pthread_rwlock_unlock, (pthread_rwlock_t *l), (l), (cp_held_leave(l), real_pthread_rwlock_unlock(l)))

CP_OWN(pthread_rwlock_unlock, RWLOCK_WRITE);

/** One reader among several pays, too: without it the writer would wait for fewer. */
static CP_BETWEEN int unlock_for_others(pthread_rwlock_t *l, const void *caller)
{
	struct cp_release release = cp_release_begin(l);
	int rc = next_pthread_rwlock_unlock(l);
	if (rc == 0)
		cp_release_end(&release, CP_SITE_BY(pthread_rwlock_unlock, caller));
	return rc;
}

CP_VISIBLE CP_FRONT int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	if (cp_contention_is_off() || !cp_waiters_maybe(l))
		return next_pthread_rwlock_unlock(l);
	return unlock_for_others(l, CP_CALLER);
}

CP_VISIBLE CP_FRONT int pthread_rwlock_tryrdlock(pthread_rwlock_t *l)
{
	return next_pthread_rwlock_tryrdlock(l);
}

CP_VISIBLE CP_FRONT int pthread_rwlock_trywrlock(pthread_rwlock_t *l)
{
	return next_pthread_rwlock_trywrlock(l);
}

static int try_read(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until)
{
	return cp_until_is_valid(clock, until) ? next_pthread_rwlock_tryrdlock(l) : EBUSY;
}

static int try_write(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until)
{
	return cp_until_is_valid(clock, until) ? next_pthread_rwlock_trywrlock(l) : EBUSY;
}

CP_STAND_IN_LOCK(RWLOCK_READ, l, pthread_rwlock_rdlock, (pthread_rwlock_t *l), (l),
		next_pthread_rwlock_tryrdlock(l), cp_wait_outcome)
CP_STAND_IN_LOCK(RWLOCK_READ, l, pthread_rwlock_timedrdlock,
		(pthread_rwlock_t *l, const struct timespec *until), (l, until),
		try_read(l, CLOCK_REALTIME, until), cp_wait_outcome)
CP_STAND_IN_LOCK(RWLOCK_READ, l, pthread_rwlock_clockrdlock,
		(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until), (l, clock, until),
		try_read(l, clock, until), cp_wait_outcome)

CP_STAND_IN_LOCK(RWLOCK_WRITE, l, pthread_rwlock_wrlock, (pthread_rwlock_t *l), (l),
		next_pthread_rwlock_trywrlock(l), cp_wait_outcome)
CP_STAND_IN_LOCK(RWLOCK_WRITE, l, pthread_rwlock_timedwrlock,
		(pthread_rwlock_t *l, const struct timespec *until), (l, until),
		try_write(l, CLOCK_REALTIME, until), cp_wait_outcome)
CP_STAND_IN_LOCK(RWLOCK_WRITE, l, pthread_rwlock_clockwrlock,
		(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until), (l, clock, until),
		try_write(l, clock, until), cp_wait_outcome)

void cp_rwlocks_note_sites(bool are_noted)
{
	note_pthread_rwlock_tryrdlock(are_noted);
	note_pthread_rwlock_rdlock(are_noted);
	note_pthread_rwlock_timedrdlock(are_noted);
	note_pthread_rwlock_clockrdlock(are_noted);
	note_pthread_rwlock_trywrlock(are_noted);
	note_pthread_rwlock_wrlock(are_noted);
	note_pthread_rwlock_timedwrlock(are_noted);
	note_pthread_rwlock_clockwrlock(are_noted);
	note_pthread_rwlock_unlock(true); // what was noted is to be released
}

/// Spin locks: their release is too cheap to be looked at

CP_NEXT(int, pthread_spin_trylock, (pthread_spinlock_t *l), (l))

CP_STAND_IN_WAIT(SPIN, l, pthread_spin_lock, (pthread_spinlock_t *l), (l),
		next_pthread_spin_trylock(l), cp_wait_outcome)
