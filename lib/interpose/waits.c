// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Condition variables, semaphores, barriers, the end of a thread.
//
// The time in pthread_cond_wait is one wait, from the release of the mutex until it is held again: libc
// takes it by a call of its own. Where a wait can be cancelled nothing of ours is open meanwhile.
//
// pthread_cond_wait and pthread_cond_timedwait are exported as GLIBC_2.3.2's (as are signal and broadcast, in
// wakes.c), since x86-64 has older ones
// for another layout of pthread_cond_t; see old_cond.c. The others, like all we stand in for,
// carry no version and answer for each.
#include <stdint.h>

#include "locks.h"

CP_OWN(pthread_cond_wait, COND);
CP_OWN(pthread_cond_timedwait, COND);
CP_OWN(pthread_cond_clockwait, COND);
CP_OWN(cnd_wait, COND);
CP_OWN(cnd_timedwait, COND);
CP_OWN(sem_wait, SEM);
CP_OWN(sem_timedwait, SEM);
CP_OWN(sem_clockwait, SEM);
CP_OWN(pthread_join, JOIN);
CP_OWN(pthread_timedjoin_np, JOIN);
CP_OWN(pthread_clockjoin_np, JOIN);
CP_OWN(thrd_join, JOIN);
CP_OWN(pthread_barrier_wait, BARRIER);

/// Condition variables

/** They release the mutex, and whoever waits for it. Recorded before and not after: there may be no after. */
static void release(pthread_mutex_t *m, const struct cp_wait_site *site)
{
	if (!cp_waiters_maybe(m) || !cp_mutex_is_last_hold(m))
		return;
	struct cp_release release = cp_release_begin(m);
	cp_release_end(&release, site);
}

int cp_cond_wait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *), pthread_cond_t *c, pthread_mutex_t *m,
		const void *caller)
{
	const struct cp_wait_site *site = CP_SITE_BY(pthread_cond_wait, caller);
	release(m, site);
	struct cp_wait wait = cp_wait_begin(site, c);
	int rc = real(c, m);
	cp_wait_end(&wait, cp_wait_outcome(rc));
	return rc;
}

int cp_cond_timedwait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *),
		pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until, const void *caller)
{
	const struct cp_wait_site *site = CP_SITE_BY(pthread_cond_timedwait, caller);
	release(m, site);
	struct cp_wait wait = cp_wait_begin(site, c);
	int rc = real(c, m, until);
	cp_wait_end(&wait, cp_wait_outcome(rc));
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
	release(m, CP_SITE(pthread_cond_clockwait));
	return CP_WAIT(pthread_cond_clockwait, c, cp_wait_outcome,
			cp_real_locks.cond_clockwait(c, m, clock, until));
}

static enum cp_wait_outcome c11_wait_outcome(int rc)
{
	if (rc == thrd_success)
		return CP_WAIT_OVER;
	return rc == thrd_timedout ? CP_WAIT_GIVEN_UP : CP_WAIT_FAILED;
}

CP_VISIBLE int cnd_wait(cnd_t *c, mtx_t *m)
{
	if (cp_contention_is_off())
		return cp_real_locks.cnd_wait(c, m);
	cp_real_locks_found();
	release((pthread_mutex_t *)m, CP_SITE(cnd_wait));
	return CP_WAIT(cnd_wait, c, c11_wait_outcome, cp_real_locks.cnd_wait(c, m));
}

CP_VISIBLE int cnd_timedwait(cnd_t *c, mtx_t *m, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.cnd_timedwait(c, m, until);
	cp_real_locks_found();
	release((pthread_mutex_t *)m, CP_SITE(cnd_timedwait));
	return CP_WAIT(cnd_timedwait, c, c11_wait_outcome, cp_real_locks.cnd_timedwait(c, m, until));
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

static enum cp_wait_outcome sem_wait_outcome(int rc)
{
	if (rc == 0)
		return CP_WAIT_OVER;
	return errno == EINTR || errno == ETIMEDOUT ? CP_WAIT_GIVEN_UP : CP_WAIT_FAILED;
}

CP_VISIBLE int sem_wait(sem_t *s)
{
	if (cp_contention_is_off())
		return cp_real_locks.sem_wait(s);
	if (sem_try(s))
		return 0;
	return CP_WAIT(sem_wait, s, sem_wait_outcome, cp_real_locks.sem_wait(s));
}

CP_VISIBLE int sem_timedwait(sem_t *s, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.sem_timedwait(s, until);
	if (cp_until_is_valid(CLOCK_REALTIME, until) && sem_try(s))
		return 0;
	return CP_WAIT(sem_timedwait, s, sem_wait_outcome, cp_real_locks.sem_timedwait(s, until));
}

CP_VISIBLE int sem_clockwait(sem_t *s, clockid_t clock, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.sem_clockwait(s, clock, until);
	if (cp_until_is_valid(clock, until) && sem_try(s))
		return 0;
	return CP_WAIT(sem_clockwait, s, sem_wait_outcome, cp_real_locks.sem_clockwait(s, clock, until));
}

/// The end of a thread

CP_VISIBLE int pthread_join(pthread_t thread, void **value_out)
{
	if (cp_contention_is_off())
		return cp_real_locks.join(thread, value_out);
	cp_real_locks_found();
	if (cp_real_locks.tryjoin(thread, value_out) == 0)
		return 0;
	return CP_WAIT(pthread_join, thread, cp_wait_outcome, cp_real_locks.join(thread, value_out));
}

CP_VISIBLE int pthread_timedjoin_np(pthread_t thread, void **value_out, const struct timespec *until)
{
	if (cp_contention_is_off())
		return cp_real_locks.timedjoin(thread, value_out, until);
	cp_real_locks_found();
	if (cp_real_locks.tryjoin(thread, value_out) == 0)
		return 0;
	return CP_WAIT(pthread_timedjoin_np, thread, cp_wait_outcome,
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
	return CP_WAIT(pthread_clockjoin_np, thread, cp_wait_outcome,
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
	return CP_WAIT(thrd_join, thread, c11_wait_outcome, cp_real_locks.thrd_join(thread, result_out));
}

/// Barriers

/** The last to arrive waits for nobody. */
static enum cp_wait_outcome barrier_wait_outcome(int rc)
{
	return rc == 0 ? CP_WAIT_OVER : CP_WAIT_FAILED;
}

CP_VISIBLE int pthread_barrier_wait(pthread_barrier_t *b)
{
	if (cp_contention_is_off())
		return cp_real_locks.barrier_wait(b);
	cp_real_locks_found();
	return CP_WAIT(pthread_barrier_wait, b, barrier_wait_outcome, cp_real_locks.barrier_wait(b));
}
