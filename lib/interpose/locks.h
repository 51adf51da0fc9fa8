// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. What the files that stand in for locks and waits share: the real functions, and how a
// wait is timed.
#ifndef CPROF_INTERPOSE_LOCKS_H
#define CPROF_INTERPOSE_LOCKS_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

#include "kind/contention_hook.h"
#include "site.h"
#include "visible.h"

struct cp_real_locks {
	int (*mutex_lock)(pthread_mutex_t *);
	int (*mutex_trylock)(pthread_mutex_t *);
	int (*mutex_timedlock)(pthread_mutex_t *, const struct timespec *);
	int (*mutex_clocklock)(pthread_mutex_t *, clockid_t, const struct timespec *);
	int (*mutex_unlock)(pthread_mutex_t *);
	int (*rwlock_rdlock)(pthread_rwlock_t *);
	int (*rwlock_tryrdlock)(pthread_rwlock_t *);
	int (*rwlock_timedrdlock)(pthread_rwlock_t *, const struct timespec *);
	int (*rwlock_clockrdlock)(pthread_rwlock_t *, clockid_t, const struct timespec *);
	int (*rwlock_wrlock)(pthread_rwlock_t *);
	int (*rwlock_trywrlock)(pthread_rwlock_t *);
	int (*rwlock_timedwrlock)(pthread_rwlock_t *, const struct timespec *);
	int (*rwlock_clockwrlock)(pthread_rwlock_t *, clockid_t, const struct timespec *);
	int (*rwlock_unlock)(pthread_rwlock_t *);
	int (*spin_lock)(pthread_spinlock_t *);
	int (*spin_trylock)(pthread_spinlock_t *);
	int (*cond_wait)(pthread_cond_t *, pthread_mutex_t *);
	int (*cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	int (*cond_clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
	int (*old_cond_wait)(pthread_cond_t *, pthread_mutex_t *);
	int (*old_cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
	int (*cond_signal)(pthread_cond_t *);
	int (*cond_broadcast)(pthread_cond_t *);
	int (*old_cond_signal)(pthread_cond_t *);
	int (*old_cond_broadcast)(pthread_cond_t *);
	int (*cnd_signal)(cnd_t *);
	int (*cnd_broadcast)(cnd_t *);
	int (*sem_post)(sem_t *);
	int (*sem_wait)(sem_t *);
	int (*sem_trywait)(sem_t *);
	int (*sem_timedwait)(sem_t *, const struct timespec *);
	int (*sem_clockwait)(sem_t *, clockid_t, const struct timespec *);
	int (*join)(pthread_t, void **);
	int (*tryjoin)(pthread_t, void **);
	int (*timedjoin)(pthread_t, void **, const struct timespec *);
	int (*clockjoin)(pthread_t, void **, clockid_t, const struct timespec *);
	int (*barrier_wait)(pthread_barrier_t *);
	int (*mtx_lock)(mtx_t *);
	int (*mtx_timedlock)(mtx_t *, const struct timespec *);
	int (*mtx_unlock)(mtx_t *);
	int (*cnd_wait)(cnd_t *, mtx_t *);
	int (*cnd_timedwait)(cnd_t *, mtx_t *, const struct timespec *);
	int (*thrd_join)(thrd_t, int *);
};

/** Filled before cp_contention_is_off() or _is_found() say so. */
extern __attribute__((visibility("hidden"))) struct cp_real_locks cp_real_locks;

/** The same, filled if it was not yet. dlsym() takes the loader's lock, so our constructor is the first to
 *  call this; a call before that comes from another library's constructor. */
const struct cp_real_locks *cp_real_locks_found(void);

/// pthread_cond_wait and pthread_cond_timedwait of either version, when not off.

int cp_cond_wait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *), pthread_cond_t *c, pthread_mutex_t *m,
		const void *caller);
int cp_cond_timedwait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *),
		pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until, const void *caller);

/** `call` waits for `object`, in `name`. outcome(rc) tells how that ended. */
#define CP_WAIT(name, object, outcome, call)                                                    \
	({                                                                                      \
		struct cp_wait wait_ = cp_wait_begin(CP_SITE(name), (const void *)(object));    \
		int rc_ = (call);                                                               \
		cp_wait_end(&wait_, (outcome)(rc_));                                            \
		rc_;                                                                            \
	})

/** What a wait of pthread's ends with; other errors come at once. */
static inline enum cp_wait_outcome cp_wait_outcome(int rc)
{
	if (rc == 0 || rc == EOWNERDEAD)
		return CP_WAIT_OVER;
	return rc == ETIMEDOUT ? CP_WAIT_GIVEN_UP : CP_WAIT_FAILED;
}

/** False: the real function says so before it looks at the lock, which must not be tried then. */
static inline bool cp_until_is_valid(clockid_t clock, const struct timespec *until)
{
	return (clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC) && until->tv_nsec >= 0 &&
			until->tv_nsec < 1000000000;
}

// glibc's mutex. Zero: free, for all kinds but PTHREAD_PRIO_PROTECT. The kind's low bits are the type and
// what makes it special; 0x80 (process-shared) changes nothing for us.
enum { CP_MUTEX_KIND_MASK = 0x7f, CP_MUTEX_TYPE_MASK = 3 };

static inline bool cp_mutex_is_taken(const pthread_mutex_t *m)
{
	return __atomic_load_n(&m->__data.__lock, __ATOMIC_RELAXED) != 0;
}

/** EBUSY: it is to be waited for. Else the mutex was taken, or is in no state to be, as the real function
 *  would have said: it may be ours already, its owner dead, its word not be zero when free. */
static inline int cp_mutex_try(pthread_mutex_t *m)
{
	int kind = m->__data.__kind & CP_MUTEX_KIND_MASK;
	if (kind == PTHREAD_MUTEX_TIMED_NP || kind == PTHREAD_MUTEX_ADAPTIVE_NP)
		return EBUSY;
	return cp_real_locks.mutex_trylock(m);
}

/** Releasing it will let others have it. */
static inline bool cp_mutex_is_last_hold(const pthread_mutex_t *m)
{
	return (m->__data.__kind & CP_MUTEX_TYPE_MASK) != PTHREAD_MUTEX_RECURSIVE_NP || m->__data.__count <= 1;
}

#endif
