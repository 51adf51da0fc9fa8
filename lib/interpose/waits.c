// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Condition variables, semaphores, barriers, the end of a thread.
//
// The time in pthread_cond_wait is one wait, from the release of the mutex until it is held again: libc
// takes it by a call of its own. Where a wait can be cancelled nothing of ours is open meanwhile.
//
// pthread_cond_wait and pthread_cond_timedwait are exported as GLIBC_2.3.2's (as are signal and broadcast, in
// wakes.c), since x86-64 has older ones for another layout of pthread_cond_t; see old_cond.c. The others, like all
// we stand in for, carry no version and answer for each.
#include <stdint.h>

#include "locks.h"

/// Condition variables

CP_NEXT(int, pthread_cond_wait, (pthread_cond_t *c, pthread_mutex_t *m), (c, m))
CP_NEXT(int, pthread_cond_timedwait, (pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until),
		(c, m, until))

CP_OWN(pthread_cond_wait, COND);
CP_OWN(pthread_cond_timedwait, COND);

/** They release the mutex, and whoever waits for it. Recorded before and not after: there may be no after. */
static void release(pthread_mutex_t *m, const struct cp_wait_site *site)
{
	if (!cp_waiters_maybe(m) || !cp_mutex_is_last_hold(m))
		return;
	struct cp_release release = cp_release_begin(m);
	cp_release_end(&release, site);
}

CP_BETWEEN int cp_cond_wait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *), pthread_cond_t *c, pthread_mutex_t *m,
		const void *caller)
{
	const struct cp_wait_site *site = CP_SITE_BY(pthread_cond_wait, caller);
	release(m, site);
	struct cp_wait wait = cp_wait_begin(site, c);
	int rc = real(c, m);
	cp_wait_end(&wait, cp_wait_outcome(rc));
	return rc;
}

CP_BETWEEN int cp_cond_timedwait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *),
		pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until, const void *caller)
{
	const struct cp_wait_site *site = CP_SITE_BY(pthread_cond_timedwait, caller);
	release(m, site);
	struct cp_wait wait = cp_wait_begin(site, c);
	int rc = real(c, m, until);
	cp_wait_end(&wait, cp_wait_outcome(rc));
	return rc;
}

CP_VISIBLE CP_FRONT int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	if (cp_contention_is_off())
		return next_pthread_cond_wait(c, m);
	return cp_cond_wait_by(next_pthread_cond_wait, c, m, CP_CALLER);
}

CP_VISIBLE CP_FRONT int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	if (cp_contention_is_off())
		return next_pthread_cond_timedwait(c, m, until);
	return cp_cond_timedwait_by(next_pthread_cond_timedwait, c, m, until, CP_CALLER);
}

CP_STAND_IN_WAIT(COND, c, pthread_cond_clockwait,
		(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until),
		(c, m, clock, until),
		(release(m, CP_SITE_BY(pthread_cond_clockwait, caller)), EBUSY), cp_wait_outcome)
CP_STAND_IN_WAIT(COND, c, cnd_wait, (cnd_t *c, mtx_t *m), (c, m),
		(release((pthread_mutex_t *)m, CP_SITE_BY(cnd_wait, caller)), EBUSY), cp_c11_wait_outcome)
CP_STAND_IN_WAIT(COND, c, cnd_timedwait,
		(cnd_t *c, mtx_t *m, const struct timespec *until), (c, m, until),
		(release((pthread_mutex_t *)m, CP_SITE_BY(cnd_timedwait, caller)), EBUSY), cp_c11_wait_outcome)

/// Semaphores

CP_NEXT(int, sem_trywait, (sem_t *s), (s))

/** A cancellation point, as the real wait is one even where it need not wait. */
static int try_sem(sem_t *s)
{
	int saved_errno = errno;
	pthread_testcancel();
	if (next_sem_trywait(s) == 0)
		return 0;
	errno = saved_errno;
	return EBUSY;
}

static int try_sem_until(sem_t *s, clockid_t clock, const struct timespec *until)
{
	return cp_until_is_valid(clock, until) ? try_sem(s) : EBUSY;
}

CP_STAND_IN_WAIT(SEM, s, sem_wait, (sem_t *s), (s), try_sem(s), cp_errno_wait_outcome)
CP_STAND_IN_WAIT(SEM, s, sem_timedwait, (sem_t *s, const struct timespec *until), (s, until),
		try_sem_until(s, CLOCK_REALTIME, until), cp_errno_wait_outcome)
CP_STAND_IN_WAIT(SEM, s, sem_clockwait,
		(sem_t *s, clockid_t clock, const struct timespec *until), (s, clock, until),
		try_sem_until(s, clock, until), cp_errno_wait_outcome)

/// The end of a thread

CP_NEXT(int, pthread_tryjoin_np, (pthread_t thread, void **value_out), (thread, value_out))

/** Whether a wrong `until` matters where the thread is over depends on libc's version. */
static int try_join_until(pthread_t thread, void **value_out, clockid_t clock, const struct timespec *until)
{
	return cp_until_is_valid(clock, until) ? next_pthread_tryjoin_np(thread, value_out) : EBUSY;
}

static int try_thrd_join(thrd_t thread, int *result_out)
{
	void *value;
	if (next_pthread_tryjoin_np((pthread_t)thread, &value) != 0)
		return EBUSY;
	if (result_out)
		*result_out = (int)(intptr_t)value;
	return thrd_success;
}

CP_STAND_IN_WAIT(JOIN, thread, pthread_join,
		(pthread_t thread, void **value_out), (thread, value_out),
		next_pthread_tryjoin_np(thread, value_out), cp_wait_outcome)
CP_STAND_IN_WAIT(JOIN, thread, pthread_timedjoin_np,
		(pthread_t thread, void **value_out, const struct timespec *until), (thread, value_out, until),
		try_join_until(thread, value_out, CLOCK_REALTIME, until), cp_wait_outcome)
CP_STAND_IN_WAIT(JOIN, thread, pthread_clockjoin_np,
		(pthread_t thread, void **value_out, clockid_t clock, const struct timespec *until),
		(thread, value_out, clock, until),
		try_join_until(thread, value_out, clock, until), cp_wait_outcome)
CP_STAND_IN_WAIT(JOIN, thread, thrd_join, (thrd_t thread, int *result_out), (thread, result_out),
		try_thrd_join(thread, result_out), cp_c11_wait_outcome)

/// Barriers

/** The last to arrive waits for nobody. */
static enum cp_wait_outcome barrier_wait_outcome(int rc)
{
	return rc == 0 ? CP_WAIT_OVER : CP_WAIT_FAILED;
}

CP_STAND_IN_WAIT(BARRIER, b, pthread_barrier_wait, (pthread_barrier_t *b), (b),
		EBUSY, barrier_wait_outcome)
