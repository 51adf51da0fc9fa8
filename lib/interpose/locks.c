// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Mutexes, read-write locks and spin locks, those of C11 too.
//
// A mutex that is free, or that nobody sleeps for, goes to the real function after one look at its word,
// whose layout glibc publishes, whatever is switched on: that is all a program without contention pays.
// Other locks are tried first. What the real function returns is returned as it is, so each kind of lock
// (recursive, robust, priority-inheriting, process-shared) keeps its meaning; the lock is not touched any
// more once it was released.
//
// libc's own calls, such as the lock taken again at the end of pthread_cond_wait, do not come by here.
#include "kind/held_hook.h"
#include "locks.h"

/// Mutexes

CP_NEXT(int, pthread_mutex_lock, (pthread_mutex_t *m), (m))
CP_NEXT(int, pthread_mutex_trylock, (pthread_mutex_t *m), (m))
CP_NEXT(int, pthread_mutex_unlock, (pthread_mutex_t *m), (m))
CP_NEXT(int, mtx_lock, (mtx_t *m), (m))
CP_NEXT(int, mtx_unlock, (mtx_t *m), (m))

CP_OWN(pthread_mutex_lock, MUTEX);
CP_OWN(pthread_mutex_unlock, MUTEX);
CP_OWN(mtx_lock, MUTEX);
CP_OWN(mtx_unlock, MUTEX);

// Of any kind's word. Others are: held and somebody sleeps for it; the owner's id; a priority.
enum { WORD_FREE = 0, WORD_HELD = 1 };

// A macro for the reason that cp_contention_is_off() is one.
#define WORD_IS(m, word) __builtin_expect(__atomic_load_n(&(m)->__data.__lock, __ATOMIC_RELAXED) == (word), 1)

/** EBUSY: it is to be waited for. Else what the real function would return: the mutex may be ours already, its owner
 *  dead, its word not be zero when free. */
static int try_lock(pthread_mutex_t *m)
{
	int kind = m->__data.__kind & CP_MUTEX_KIND_MASK;
	if (kind == PTHREAD_MUTEX_TIMED_NP || kind == PTHREAD_MUTEX_ADAPTIVE_NP)
		return EBUSY;
	return next_pthread_mutex_trylock(m);
}

typedef int mutex_function(pthread_mutex_t *); // or mtx_t *, which is the same inside

static __attribute__((noinline)) int
lock_held(pthread_mutex_t *m, mutex_function *next, mutex_function *own, const void *caller)
{
	if (cp_contention_is_off())
		return next(m);
	int rc = try_lock(m);
	if (rc != EBUSY && rc != EAGAIN) // held too often: C11 has a word of its own for that
		return rc;
	struct cp_wait_site site = {TRACE_WAIT_MUTEX, (void (*)(void))own, caller};
	struct cp_wait wait = cp_wait_begin(&site, m);
	rc = next(m);
	cp_wait_end(&wait, cp_wait_outcome(rc));
	return rc;
}

static __attribute__((noinline)) int
unlock_wanted(pthread_mutex_t *m, mutex_function *next, mutex_function *own, const void *caller)
{
	if (cp_contention_is_off() || !cp_waiters_maybe(m) || !cp_mutex_is_last_hold(m))
		return next(m);
	struct cp_wait_site site = {TRACE_WAIT_MUTEX, (void (*)(void))own, caller};
	struct cp_release release = cp_release_begin(m);
	int rc = next(m);
	if (rc == 0)
		cp_release_end(&release, &site);
	return rc;
}

CP_VISIBLE int pthread_mutex_lock(pthread_mutex_t *m)
{
	if (WORD_IS(m, WORD_FREE))
		return next_pthread_mutex_lock(m);
	return lock_held(m, next_pthread_mutex_lock, own_pthread_mutex_lock, CP_CALLER);
}

CP_VISIBLE int pthread_mutex_unlock(pthread_mutex_t *m)
{
	if (WORD_IS(m, WORD_HELD))
		return next_pthread_mutex_unlock(m);
	return unlock_wanted(m, next_pthread_mutex_unlock, own_pthread_mutex_unlock, CP_CALLER);
}

CP_VISIBLE int mtx_lock(mtx_t *mtx)
{
	pthread_mutex_t *m = (pthread_mutex_t *)mtx;
	if (WORD_IS(m, WORD_FREE))
		return next_mtx_lock(mtx);
	return lock_held(m, (mutex_function *)next_mtx_lock, (mutex_function *)own_mtx_lock, CP_CALLER);
}

CP_VISIBLE int mtx_unlock(mtx_t *mtx)
{
	pthread_mutex_t *m = (pthread_mutex_t *)mtx;
	if (WORD_IS(m, WORD_HELD))
		return next_mtx_unlock(mtx);
	return unlock_wanted(m, (mutex_function *)next_mtx_unlock, (mutex_function *)own_mtx_unlock, CP_CALLER);
}

/// Where they were taken: noted between us and the next function, so that it costs nothing but when asked for

static struct {
	mutex_function *lock, *trylock, *unlock; // the next functions as they are; NULL: not asked for yet
	int (*c11_lock)(mtx_t *), (*c11_unlock)(mtx_t *);
} silent;

static int note_taken(pthread_mutex_t *m, int rc, const void *caller)
{
	if ((rc == 0 || rc == EOWNERDEAD) && cp_mutex_is_last_hold(m)) // of a recursive one the first, as well
		cp_held_enter(m, caller);
	return rc;
}

static void note_released(pthread_mutex_t *m)
{
	if (cp_mutex_is_last_hold(m))
		cp_held_leave(m);
}

static int noting_lock(pthread_mutex_t *m)
{
	return note_taken(m, silent.lock(m), CP_CALLER);
}

static int noting_trylock(pthread_mutex_t *m)
{
	return note_taken(m, silent.trylock(m), CP_CALLER);
}

static int noting_unlock(pthread_mutex_t *m)
{
	note_released(m);
	return silent.unlock(m);
}

static int noting_c11_lock(mtx_t *mtx)
{
	return note_taken((pthread_mutex_t *)mtx, silent.c11_lock(mtx), CP_CALLER);
}

static int noting_c11_unlock(mtx_t *mtx)
{
	note_released((pthread_mutex_t *)mtx);
	return silent.c11_unlock(mtx);
}

void cp_locks_note_sites(bool are_noted)
{
	if (!silent.lock && !are_noted)
		return;
	if (!silent.lock) {
		silent.trylock = next_pthread_mutex_trylock;
		silent.unlock = next_pthread_mutex_unlock;
		silent.c11_lock = next_mtx_lock;
		silent.c11_unlock = next_mtx_unlock;
		silent.lock = next_pthread_mutex_lock;
	}
	next_pthread_mutex_lock = are_noted ? noting_lock : silent.lock;
	next_pthread_mutex_trylock = are_noted ? noting_trylock : silent.trylock;
	next_mtx_lock = are_noted ? noting_c11_lock : silent.c11_lock;
	// What was noted is to be released: so these stay.
	next_pthread_mutex_unlock = noting_unlock;
	next_mtx_unlock = noting_c11_unlock;
}

static int try_c11(mtx_t *m)
{
	return next_pthread_mutex_trylock((pthread_mutex_t *)m) == 0 ? thrd_success : EBUSY;
}

CP_STAND_IN_WAIT(MUTEX, m, pthread_mutex_timedlock,
		(pthread_mutex_t *m, const struct timespec *until), (m, until),
		next_pthread_mutex_trylock(m), cp_wait_outcome)
CP_STAND_IN_WAIT(MUTEX, m, pthread_mutex_clocklock,
		(pthread_mutex_t *m, clockid_t clock, const struct timespec *until), (m, clock, until),
		next_pthread_mutex_trylock(m), cp_wait_outcome)
CP_STAND_IN_WAIT(MUTEX, m, mtx_timedlock, (mtx_t *m, const struct timespec *until), (m, until),
		try_c11(m), cp_c11_wait_outcome)

/// Read-write locks

CP_NEXT(int, pthread_rwlock_rdlock, (pthread_rwlock_t *l), (l))
CP_NEXT(int, pthread_rwlock_wrlock, (pthread_rwlock_t *l), (l))
CP_NEXT(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t *l), (l))
CP_NEXT(int, pthread_rwlock_trywrlock, (pthread_rwlock_t *l), (l))
CP_NEXT(int, pthread_rwlock_unlock, (pthread_rwlock_t *l), (l))

CP_OWN(pthread_rwlock_rdlock, RWLOCK_READ);
CP_OWN(pthread_rwlock_wrlock, RWLOCK_WRITE);
CP_OWN(pthread_rwlock_unlock, RWLOCK_WRITE);

// Out of line, as with mutexes: the functions that stand in would set up their stack for this even while off.
static __attribute__((noinline)) int lock_to_read(pthread_rwlock_t *l, const void *caller)
{
	int rc = next_pthread_rwlock_tryrdlock(l);
	if (rc != EBUSY)
		return rc;
	struct cp_wait wait = cp_wait_begin(CP_SITE_BY(pthread_rwlock_rdlock, caller), l);
	rc = next_pthread_rwlock_rdlock(l);
	cp_wait_end(&wait, cp_wait_outcome(rc));
	return rc;
}

static __attribute__((noinline)) int lock_to_write(pthread_rwlock_t *l, const void *caller)
{
	int rc = next_pthread_rwlock_trywrlock(l);
	if (rc != EBUSY)
		return rc;
	struct cp_wait wait = cp_wait_begin(CP_SITE_BY(pthread_rwlock_wrlock, caller), l);
	rc = next_pthread_rwlock_wrlock(l);
	cp_wait_end(&wait, cp_wait_outcome(rc));
	return rc;
}

/** One reader among several pays, too: without it the writer would wait for fewer. */
static __attribute__((noinline)) int unlock_for_others(pthread_rwlock_t *l, const void *caller)
{
	struct cp_release release = cp_release_begin(l);
	int rc = next_pthread_rwlock_unlock(l);
	if (rc == 0)
		cp_release_end(&release, CP_SITE_BY(pthread_rwlock_unlock, caller));
	return rc;
}

CP_VISIBLE int pthread_rwlock_rdlock(pthread_rwlock_t *l)
{
	return cp_contention_is_off() ? next_pthread_rwlock_rdlock(l) : lock_to_read(l, CP_CALLER);
}

CP_VISIBLE int pthread_rwlock_wrlock(pthread_rwlock_t *l)
{
	return cp_contention_is_off() ? next_pthread_rwlock_wrlock(l) : lock_to_write(l, CP_CALLER);
}

CP_VISIBLE int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
	if (cp_contention_is_off() || !cp_waiters_maybe(l))
		return next_pthread_rwlock_unlock(l);
	return unlock_for_others(l, CP_CALLER);
}

static int try_read(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until)
{
	return cp_until_is_valid(clock, until) ? next_pthread_rwlock_tryrdlock(l) : EBUSY;
}

static int try_write(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until)
{
	return cp_until_is_valid(clock, until) ? next_pthread_rwlock_trywrlock(l) : EBUSY;
}

CP_STAND_IN_WAIT(RWLOCK_READ, l, pthread_rwlock_timedrdlock,
		(pthread_rwlock_t *l, const struct timespec *until), (l, until),
		try_read(l, CLOCK_REALTIME, until), cp_wait_outcome)
CP_STAND_IN_WAIT(RWLOCK_READ, l, pthread_rwlock_clockrdlock,
		(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until), (l, clock, until),
		try_read(l, clock, until), cp_wait_outcome)

CP_STAND_IN_WAIT(RWLOCK_WRITE, l, pthread_rwlock_timedwrlock,
		(pthread_rwlock_t *l, const struct timespec *until), (l, until),
		try_write(l, CLOCK_REALTIME, until), cp_wait_outcome)
CP_STAND_IN_WAIT(RWLOCK_WRITE, l, pthread_rwlock_clockwrlock,
		(pthread_rwlock_t *l, clockid_t clock, const struct timespec *until), (l, clock, until),
		try_write(l, clock, until), cp_wait_outcome)

/// Spin locks: their release is too cheap to be looked at

CP_NEXT(int, pthread_spin_trylock, (pthread_spinlock_t *l), (l))

CP_STAND_IN_WAIT(SPIN, l, pthread_spin_lock, (pthread_spinlock_t *l), (l),
		next_pthread_spin_trylock(l), cp_wait_outcome)
