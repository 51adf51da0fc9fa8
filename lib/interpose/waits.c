// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Condition variables, semaphores, barriers, the end of a thread.
//
// The time in pthread_cond_wait is one wait, from the release of the mutex until it is held again: libc
// takes it by a call of its own. Where a wait can be cancelled nothing of ours is open meanwhile.
//
// pthread_cond_wait and pthread_cond_timedwait are exported as GLIBC_2.3.2's, since x86-64 has older ones
// for another layout of pthread_cond_t; see old_cond.c. The others, like all we stand in for,
// carry no version and answer for each.
#include <stdint.h>

#include "locks.h"

CP_OWN(pthread_cond_wait);
CP_OWN(pthread_cond_timedwait);
CP_OWN(pthread_cond_clockwait);
CP_OWN(cnd_wait);
CP_OWN(cnd_timedwait);
CP_OWN(sem_wait);
CP_OWN(sem_timedwait);
CP_OWN(sem_clockwait);
CP_OWN(pthread_join);
CP_OWN(pthread_timedjoin_np);
CP_OWN(pthread_clockjoin_np);
CP_OWN(thrd_join);
CP_OWN(pthread_barrier_wait);

/// Condition variables

/** They release the mutex, and whoever waits for it. Recorded before and not after: there may be no after. */
static void release(pthread_mutex_t *m, void (*function)(void), const void *caller)
{
	if (cp_waiters_maybe(m) && cp_mutex_is_last_hold(m))
		cp_release_end(cp_release_begin(m), function, caller);
}

int cp_cond_wait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *), pthread_cond_t *c, pthread_mutex_t *m,
		const void *caller)
{
	void (*function)(void) = (void (*)(void))own_pthread_cond_wait;
	release(m, function, caller);
	struct cp_wait wait = cp_wait_begin(NULL);
	int rc = real(c, m);
	cp_wait_end(&wait, cp_wait_is_over(rc), function, caller);
	return rc;
}

int cp_cond_timedwait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *),
		pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until, const void *caller)
{
	void (*function)(void) = (void (*)(void))own_pthread_cond_timedwait;
	release(m, function, caller);
	struct cp_wait wait = cp_wait_begin(NULL);
	int rc = real(c, m, until);
	cp_wait_end(&wait, cp_wait_is_over(rc), function, caller);
	return rc;
}

CP_VISIBLE int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	if (cp_contention_is_off())
		return cp_real_locks.cond_wait(c, m);
	return cp_cond_wait_by(cp_real_locks_found()->cond_wait, c, m, CP_CALLER);
}

CP_VISIBLE int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.cond_timedwait(c, m, until);
	return cp_cond_timedwait_by(cp_real_locks_found()->cond_timedwait, c, m, until, CP_CALLER);
}

CP_VISIBLE int pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
		const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.cond_clockwait(c, m, clock, until);
	cp_real_locks_found();
	release(m, (void (*)(void))own_pthread_cond_clockwait, CP_CALLER);
	return CP_WAIT(pthread_cond_clockwait, NULL, cp_wait_is_over,
			cp_real_locks.cond_clockwait(c, m, clock, until));
}

static bool c11_wait_is_over(int rc)
{
	return rc == thrd_success || rc == thrd_timedout;
}

CP_VISIBLE int cnd_wait(cnd_t *c, mtx_t *m)
{
	if (cp_contention_is_off())
		return cp_real_locks.cnd_wait(c, m);
	cp_real_locks_found();
	release((pthread_mutex_t *)m, (void (*)(void))own_cnd_wait, CP_CALLER);
	return CP_WAIT(cnd_wait, NULL, c11_wait_is_over, cp_real_locks.cnd_wait(c, m));
}

CP_VISIBLE int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.cnd_timedwait(c, m, until);
	cp_real_locks_found();
	release((pthread_mutex_t *)m, (void (*)(void))own_cnd_timedwait, CP_CALLER);
	return CP_WAIT(cnd_timedwait, NULL, c11_wait_is_over, cp_real_locks.cnd_timedwait(c, m, until));
}

/// Semaphores

/** True: taken, without a wait. A cancellation point, as the real wait is one even where it need not wait. */
static bool sem_try(sem_t *s)
{
	int saved_errno = errno;
	cp_real_locks_found();
	pthread_testcancel();
	if (cp_real_locks.sem_trywait(s) == 0)
		return true;
	errno = saved_errno;
	return false;
}

static bool sem_wait_is_over(int rc)
{
	return rc == 0 || errno == EINTR || errno == ETIMEDOUT;
}

CP_VISIBLE int sem_wait(sem_t *s)
{
	if (cp_contention_is_off())
		return cp_real_locks.sem_wait(s);
	if (sem_try(s))
		return 0;
	return CP_WAIT(sem_wait, NULL, sem_wait_is_over, cp_real_locks.sem_wait(s));
}

CP_VISIBLE int sem_timedwait(sem_t *s, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.sem_timedwait(s, until);
	if (cp_until_is_valid(CLOCK_REALTIME, until) && sem_try(s))
		return 0;
	return CP_WAIT(sem_timedwait, NULL, sem_wait_is_over, cp_real_locks.sem_timedwait(s, until));
}

CP_VISIBLE int sem_clockwait(sem_t *s, clockid_t clock, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.sem_clockwait(s, clock, until);
	if (cp_until_is_valid(clock, until) && sem_try(s))
		return 0;
	return CP_WAIT(sem_clockwait, NULL, sem_wait_is_over, cp_real_locks.sem_clockwait(s, clock, until));
}

/// The end of a thread

CP_VISIBLE int pthread_join(pthread_t thread, void **value_out)
{
	if (cp_contention_is_off())
		return cp_real_locks.join(thread, value_out);
	cp_real_locks_found();
	if (cp_real_locks.tryjoin(thread, value_out) == 0)
		return 0;
	return CP_WAIT(pthread_join, NULL, cp_wait_is_over, cp_real_locks.join(thread, value_out));
}

CP_VISIBLE int pthread_timedjoin_np(pthread_t thread, void **value_out, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.timedjoin(thread, value_out, until);
	cp_real_locks_found();
	if (cp_real_locks.tryjoin(thread, value_out) == 0)
		return 0;
	return CP_WAIT(pthread_timedjoin_np, NULL, cp_wait_is_over,
			cp_real_locks.timedjoin(thread, value_out, until));
}

CP_VISIBLE int pthread_clockjoin_np(pthread_t thread, void **value_out, clockid_t clock,
		const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.clockjoin(thread, value_out, clock, until);
	cp_real_locks_found();
	if (cp_until_is_valid(clock, until) && cp_real_locks.tryjoin(thread, value_out) == 0)
		return 0;
	return CP_WAIT(pthread_clockjoin_np, NULL, cp_wait_is_over,
			cp_real_locks.clockjoin(thread, value_out, clock, until));
}

CP_VISIBLE int thrd_join(thrd_t thread, int *result_out)
{
	if (cp_contention_is_off())
		return cp_real_locks.thrd_join(thread, result_out);
	void *value;
	if (cp_real_locks_found()->tryjoin((pthread_t)thread, &value) == 0) {
		if (result_out)
			*result_out = (int)(intptr_t)value;
		return thrd_success;
	}
	return CP_WAIT(thrd_join, NULL, c11_wait_is_over, cp_real_locks.thrd_join(thread, result_out));
}

/// Barriers

/** The last to arrive waits for nobody. */
static bool barrier_wait_is_over(int rc)
{
	return rc == 0;
}

CP_VISIBLE int pthread_barrier_wait(pthread_barrier_t *b)
{
	if (cp_contention_is_off())
		return cp_real_locks.barrier_wait(b);
	cp_real_locks_found();
	return CP_WAIT(pthread_barrier_wait, NULL, barrier_wait_is_over, cp_real_locks.barrier_wait(b));
}
