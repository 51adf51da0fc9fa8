// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Mutexes, read-write locks and spin locks, those of C11 too.
//
// A lock nobody holds is taken without a look at the clock. For a mutex, whose layout glibc publishes, that
// is one load before the real function; other locks are tried first. What the real function returns is
// returned as it is, so each kind of lock (recursive, robust, priority-inheriting, process-shared) keeps its
// meaning; the lock is not touched any more once it was released.
//
// libc's own calls, such as the lock taken again at the end of pthread_cond_wait, do not come by here.
#include "locks.h"

CP_OWN(pthread_mutex_lock, MUTEX);
CP_OWN(pthread_mutex_timedlock, MUTEX);
CP_OWN(pthread_mutex_clocklock, MUTEX);
CP_OWN(pthread_mutex_unlock, MUTEX);
CP_OWN(pthread_rwlock_rdlock, RWLOCK_READ);
CP_OWN(pthread_rwlock_timedrdlock, RWLOCK_READ);
CP_OWN(pthread_rwlock_clockrdlock, RWLOCK_READ);
CP_OWN(pthread_rwlock_wrlock, RWLOCK_WRITE);
CP_OWN(pthread_rwlock_timedwrlock, RWLOCK_WRITE);
CP_OWN(pthread_rwlock_clockwrlock, RWLOCK_WRITE);
CP_OWN(pthread_rwlock_unlock, RWLOCK_WRITE);
CP_OWN(pthread_spin_lock, SPIN);
CP_OWN(mtx_lock, MUTEX);
CP_OWN(mtx_timedlock, MUTEX);
CP_OWN(mtx_unlock, MUTEX);

/// Mutexes

static __attribute__((noinline)) int wait_for_mutex(pthread_mutex_t *m, const void *caller)
{
	cp_real_locks_found();
	int rc = cp_mutex_try(m);
	if (rc != EBUSY)
		return rc;
	struct cp_wait wait = cp_wait_begin(CP_SITE_BY(pthread_mutex_lock, caller), m);
	rc = cp_real_locks.mutex_lock(m);
	cp_wait_end(&wait, cp_wait_outcome(rc));
	return rc;
}

CP_VISIBLE int pthread_mutex_lock(pthread_mutex_t *m)
{
	if (cp_contention_is_off() || (cp_contention_is_found() && !cp_mutex_is_taken(m)))
		return cp_real_locks.mutex_lock(m);
	return wait_for_mutex(m, CP_CALLER);
}

CP_VISIBLE int pthread_mutex_timedlock(pthread_mutex_t *m, const struct timespec *until)
{
	if (cp_contention_is_off() || (cp_contention_is_found() && !cp_mutex_is_taken(m)))
		return cp_real_locks.mutex_timedlock(m, until);
	cp_real_locks_found();
	int rc = cp_mutex_try(m);
	if (rc != EBUSY)
		return rc;
	return CP_WAIT(pthread_mutex_timedlock, m, cp_wait_outcome, cp_real_locks.mutex_timedlock(m, until));
}

CP_VISIBLE int pthread_mutex_clocklock(pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
	if (cp_contention_is_off() || (cp_contention_is_found() && !cp_mutex_is_taken(m)))
		return cp_real_locks.mutex_clocklock(m, clock, until);
	cp_real_locks_found();
	int rc = cp_mutex_try(m);
	if (rc != EBUSY)
		return rc;
	return CP_WAIT(pthread_mutex_clocklock, m, cp_wait_outcome,
			cp_real_locks.mutex_clocklock(m, clock, until));
}

static __attribute__((noinline)) int release_mutex(pthread_mutex_t *m, const void *caller)
{
	cp_real_locks_found();
	struct cp_release release = {0};
	if (cp_mutex_is_last_hold(m))
		release = cp_release_begin(m);
	int rc = cp_real_locks.mutex_unlock(m);
	if (rc == 0)
		cp_release_end(&release, CP_SITE_BY(pthread_mutex_unlock, caller));
	return rc;
}

CP_VISIBLE int pthread_mutex_unlock(pthread_mutex_t *m)
{
	if (cp_contention_is_off() || (cp_contention_is_found() && !cp_waiters_maybe(m)))
		return cp_real_locks.mutex_unlock(m);
	return release_mutex(m, CP_CALLER);
}

/// C11's, which are the same inside

static int c11_trylock(mtx_t *m)
{
	return cp_mutex_try((pthread_mutex_t *)m);
}

static enum cp_wait_outcome c11_wait_outcome(int rc)
{
	if (rc == thrd_success)
		return CP_WAIT_OVER;
	return rc == thrd_timedout ? CP_WAIT_GIVEN_UP : CP_WAIT_FAILED;
}

CP_VISIBLE int mtx_lock(mtx_t *m)
{
	if (cp_contention_is_off() || (cp_contention_is_found() && !cp_mutex_is_taken((pthread_mutex_t *)m)))
		return cp_real_locks.mtx_lock(m);
	cp_real_locks_found();
	if (c11_trylock(m) == 0)
		return thrd_success;
	return CP_WAIT(mtx_lock, m, c11_wait_outcome, cp_real_locks.mtx_lock(m));
}

CP_VISIBLE int mtx_timedlock(mtx_t *m, const struct timespec *until)
{
	if (cp_contention_is_off() || (cp_contention_is_found() && !cp_mutex_is_taken((pthread_mutex_t *)m)))
		return cp_real_locks.mtx_timedlock(m, until);
	cp_real_locks_found();
	if (c11_trylock(m) == 0)
		return thrd_success;
	return CP_WAIT(mtx_timedlock, m, c11_wait_outcome, cp_real_locks.mtx_timedlock(m, until));
}

CP_VISIBLE int mtx_unlock(mtx_t *m)
{
	if (cp_contention_is_off() || (cp_contention_is_found() && !cp_waiters_maybe(m)))
		return cp_real_locks.mtx_unlock(m);
	cp_real_locks_found();
	struct cp_release release = {0};
	if (cp_mutex_is_last_hold((pthread_mutex_t *)m))
		release = cp_release_begin(m);
	int rc = cp_real_locks.mtx_unlock(m);
	if (rc == thrd_success)
		cp_release_end(&release, CP_SITE(mtx_unlock));
	return rc;
}

/// Read-write locks

CP_VISIBLE int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	if (cp_contention_is_off())
		return cp_real_locks.rwlock_rdlock(l);
	cp_real_locks_found();
	int rc = cp_real_locks.rwlock_tryrdlock(l);
	if (rc != EBUSY)
		return rc;
	return CP_WAIT(pthread_rwlock_rdlock, l, cp_wait_outcome, cp_real_locks.rwlock_rdlock(l));
}

CP_VISIBLE int pthread_rwlock_timedrdlock(pthread_rwlock_t *l, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.rwlock_timedrdlock(l, until);
	cp_real_locks_found();
	if (cp_until_is_valid(CLOCK_REALTIME, until) && cp_real_locks.rwlock_tryrdlock(l) == 0)
		return 0;
	return CP_WAIT(pthread_rwlock_timedrdlock, l, cp_wait_outcome,
			cp_real_locks.rwlock_timedrdlock(l, until));
}

CP_VISIBLE int pthread_rwlock_clockrdlock(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.rwlock_clockrdlock(l, clock, until);
	cp_real_locks_found();
	if (cp_until_is_valid(clock, until) && cp_real_locks.rwlock_tryrdlock(l) == 0)
		return 0;
	return CP_WAIT(pthread_rwlock_clockrdlock, l, cp_wait_outcome,
			cp_real_locks.rwlock_clockrdlock(l, clock, until));
}

CP_VISIBLE int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	if (cp_contention_is_off())
		return cp_real_locks.rwlock_wrlock(l);
	cp_real_locks_found();
	int rc = cp_real_locks.rwlock_trywrlock(l);
	if (rc != EBUSY)
		return rc;
	return CP_WAIT(pthread_rwlock_wrlock, l, cp_wait_outcome, cp_real_locks.rwlock_wrlock(l));
}

CP_VISIBLE int pthread_rwlock_timedwrlock(pthread_rwlock_t *l, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.rwlock_timedwrlock(l, until);
	cp_real_locks_found();
	if (cp_until_is_valid(CLOCK_REALTIME, until) && cp_real_locks.rwlock_trywrlock(l) == 0)
		return 0;
	return CP_WAIT(pthread_rwlock_timedwrlock, l, cp_wait_outcome,
			cp_real_locks.rwlock_timedwrlock(l, until));
}

CP_VISIBLE int pthread_rwlock_clockwrlock(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.rwlock_clockwrlock(l, clock, until);
	cp_real_locks_found();
	if (cp_until_is_valid(clock, until) && cp_real_locks.rwlock_trywrlock(l) == 0)
		return 0;
	return CP_WAIT(pthread_rwlock_clockwrlock, l, cp_wait_outcome,
			cp_real_locks.rwlock_clockwrlock(l, clock, until));
}

CP_VISIBLE int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	if (cp_contention_is_off() || (cp_contention_is_found() && !cp_waiters_maybe(l)))
		return cp_real_locks.rwlock_unlock(l);
	cp_real_locks_found();
	// One reader among several pays too: without it the writer would wait for fewer.
	struct cp_release release = cp_release_begin(l);
	int rc = cp_real_locks.rwlock_unlock(l);
	if (rc == 0)
		cp_release_end(&release, CP_SITE(pthread_rwlock_unlock));
	return rc;
}

/// Spin locks: their release is too cheap to be looked at

CP_VISIBLE int pthread_spin_lock(pthread_spinlock_t *l)
{
	if (cp_contention_is_off())
		return cp_real_locks.spin_lock(l);
	cp_real_locks_found();
	int rc = cp_real_locks.spin_trylock(l);
	if (rc != EBUSY)
		return rc;
	return CP_WAIT(pthread_spin_lock, l, cp_wait_outcome, cp_real_locks.spin_lock(l));
}
