// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Mutexes, those of C11 too.
//
// A mutex that is free, or that nobody sleeps for, goes to the real function after one look at its word,
// whose layout glibc publishes, whatever is switched on: that is all a program without contention pays.
// What the real function returns is returned as it is, so each kind of mutex (recursive, robust,
// priority-inheriting, process-shared) keeps its meaning; it is not touched any more once it was released.
//
// libc's own calls, such as the lock taken again at the end of pthread_cond_wait, do not come by here.
#include "kind/held_hook.h"
#include "locks.h"

/** Of a recursive one the first hold, and of one whose owner died. */
static int note_taken(const void *m, enum trace_wait kind, int rc, const void *caller)
{
	if ((rc == 0 || rc == EOWNERDEAD) && cp_mutex_is_last_hold(m))
		cp_held_enter(m, kind, caller);
	return rc;
}

static void note_released(const void *m)
{
	if (cp_mutex_is_last_hold(m))
		cp_held_leave(m);
}

CP_NEXT_NOTED(pthread_mutex_lock, (pthread_mutex_t *m), (m),
		note_taken(m, TRACE_WAIT_MUTEX, real_pthread_mutex_lock(m), CP_CALLER))
CP_NEXT_NOTED(pthread_mutex_trylock, (pthread_mutex_t *m), (m),
		note_taken(m, TRACE_WAIT_MUTEX, real_pthread_mutex_trylock(m), CP_CALLER))
CP_NEXT_NOTED(pthread_mutex_unlock, (pthread_mutex_t *m), (m), (note_released(m), real_pthread_mutex_unlock(m)))
CP_NEXT_NOTED(mtx_lock, (mtx_t *m), (m), note_taken(m, TRACE_WAIT_MUTEX, real_mtx_lock(m), CP_CALLER))
CP_NEXT_NOTED(mtx_trylock, (mtx_t *m), (m), note_taken(m, TRACE_WAIT_MUTEX, real_mtx_trylock(m), CP_CALLER))
CP_NEXT_NOTED(mtx_unlock, (mtx_t *m), (m), (note_released(m), real_mtx_unlock(m)))

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

static CP_BETWEEN int
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

static CP_BETWEEN int
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

CP_VISIBLE CP_FRONT int pthread_mutex_lock(pthread_mutex_t *m)
{
	if (WORD_IS(m, WORD_FREE))
		return next_pthread_mutex_lock(m);
	return lock_held(m, next_pthread_mutex_lock, own_pthread_mutex_lock, CP_CALLER);
}

CP_VISIBLE CP_FRONT int pthread_mutex_unlock(pthread_mutex_t *m)
{
	if (WORD_IS(m, WORD_HELD))
		return next_pthread_mutex_unlock(m);
	return unlock_wanted(m, next_pthread_mutex_unlock, own_pthread_mutex_unlock, CP_CALLER);
}

CP_VISIBLE CP_FRONT int mtx_lock(mtx_t *mtx)
{
	pthread_mutex_t *m = (pthread_mutex_t *)mtx;
	if (WORD_IS(m, WORD_FREE))
		return next_mtx_lock(mtx);
	return lock_held(m, (mutex_function *)next_mtx_lock, (mutex_function *)own_mtx_lock, CP_CALLER);
}

CP_VISIBLE CP_FRONT int mtx_unlock(mtx_t *mtx)
{
	pthread_mutex_t *m = (pthread_mutex_t *)mtx;
	if (WORD_IS(m, WORD_HELD))
		return next_mtx_unlock(mtx);
	return unlock_wanted(m, (mutex_function *)next_mtx_unlock, (mutex_function *)own_mtx_unlock, CP_CALLER);
}

/// Trying waits for nobody: it is only noted

CP_VISIBLE CP_FRONT int pthread_mutex_trylock(pthread_mutex_t *m)
{
	return next_pthread_mutex_trylock(m);
}

CP_VISIBLE CP_FRONT int mtx_trylock(mtx_t *m)
{
	return next_mtx_trylock(m);
}

/// With a time limit

static int try_c11(mtx_t *m)
{
	return next_mtx_trylock(m) == thrd_success ? thrd_success : EBUSY;
}

CP_STAND_IN_LOCK(MUTEX, m, pthread_mutex_timedlock,
		(pthread_mutex_t *m, const struct timespec *until), (m, until),
		next_pthread_mutex_trylock(m), cp_wait_outcome)
CP_STAND_IN_LOCK(MUTEX, m, pthread_mutex_clocklock,
		(pthread_mutex_t *m, clockid_t clock, const struct timespec *until), (m, clock, until),
		cp_clock_is_valid(clock) ? next_pthread_mutex_trylock(m) : EBUSY, cp_wait_outcome)
CP_STAND_IN_LOCK(MUTEX, m, mtx_timedlock, (mtx_t *m, const struct timespec *until), (m, until),
		try_c11(m), cp_c11_wait_outcome)

/// Noting

void cp_mutexes_note_sites(bool are_noted)
{
	note_pthread_mutex_lock(are_noted);
	note_pthread_mutex_trylock(are_noted);
	note_pthread_mutex_timedlock(are_noted);
	note_pthread_mutex_clocklock(are_noted);
	note_mtx_lock(are_noted);
	note_mtx_timedlock(are_noted);
	note_mtx_trylock(are_noted);
	note_pthread_mutex_unlock(true); // what was noted is to be released
	note_mtx_unlock(true);
}
