// SPDX-License-Identifier: MIT
// Context: EARLY. See locks.h.
#include <dlfcn.h>

#include "locks.h"
#include "next.h"

struct cp_real_locks cp_real_locks;

/** What pthread_cond_* mean since glibc 2.3.2; the older ones (x86-64 has both) are another layout, and
 *  dlsym(RTLD_NEXT) preferred them until glibc 2.36. */
static void *find_cond(const char *name)
{
	void *function = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
	return function ? function : dlsym(RTLD_NEXT, name);
}

static void find_locks(struct cp_real_locks *r)
{
	r->mutex_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
	r->mutex_trylock = dlsym(RTLD_NEXT, "pthread_mutex_trylock");
	r->mutex_timedlock = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
	r->mutex_clocklock = dlsym(RTLD_NEXT, "pthread_mutex_clocklock");
	r->mutex_unlock = dlsym(RTLD_NEXT, "pthread_mutex_unlock");
	r->rwlock_rdlock = dlsym(RTLD_NEXT, "pthread_rwlock_rdlock");
	r->rwlock_tryrdlock = dlsym(RTLD_NEXT, "pthread_rwlock_tryrdlock");
	r->rwlock_timedrdlock = dlsym(RTLD_NEXT, "pthread_rwlock_timedrdlock");
	r->rwlock_clockrdlock = dlsym(RTLD_NEXT, "pthread_rwlock_clockrdlock");
	r->rwlock_wrlock = dlsym(RTLD_NEXT, "pthread_rwlock_wrlock");
	r->rwlock_trywrlock = dlsym(RTLD_NEXT, "pthread_rwlock_trywrlock");
	r->rwlock_timedwrlock = dlsym(RTLD_NEXT, "pthread_rwlock_timedwrlock");
	r->rwlock_clockwrlock = dlsym(RTLD_NEXT, "pthread_rwlock_clockwrlock");
	r->rwlock_unlock = dlsym(RTLD_NEXT, "pthread_rwlock_unlock");
	r->spin_lock = dlsym(RTLD_NEXT, "pthread_spin_lock");
	r->spin_trylock = dlsym(RTLD_NEXT, "pthread_spin_trylock");
	r->mtx_lock = dlsym(RTLD_NEXT, "mtx_lock");
	r->mtx_timedlock = dlsym(RTLD_NEXT, "mtx_timedlock");
	r->mtx_unlock = dlsym(RTLD_NEXT, "mtx_unlock");
}

static void find_waits(struct cp_real_locks *r)
{
	r->cond_wait = find_cond("pthread_cond_wait");
	r->cond_timedwait = find_cond("pthread_cond_timedwait");
	r->old_cond_wait = dlvsym(RTLD_NEXT, "pthread_cond_wait", "GLIBC_2.2.5");
	r->old_cond_timedwait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.2.5");
	r->cond_signal = find_cond("pthread_cond_signal");
	r->cond_broadcast = find_cond("pthread_cond_broadcast");
	r->old_cond_signal = dlvsym(RTLD_NEXT, "pthread_cond_signal", "GLIBC_2.2.5");
	r->old_cond_broadcast = dlvsym(RTLD_NEXT, "pthread_cond_broadcast", "GLIBC_2.2.5");
	r->cnd_signal = dlsym(RTLD_NEXT, "cnd_signal");
	r->cnd_broadcast = dlsym(RTLD_NEXT, "cnd_broadcast");
	r->sem_post = dlsym(RTLD_NEXT, "sem_post");
	r->cond_clockwait = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
	r->sem_wait = dlsym(RTLD_NEXT, "sem_wait");
	r->sem_trywait = dlsym(RTLD_NEXT, "sem_trywait");
	r->sem_timedwait = dlsym(RTLD_NEXT, "sem_timedwait");
	r->sem_clockwait = dlsym(RTLD_NEXT, "sem_clockwait");
	r->join = dlsym(RTLD_NEXT, "pthread_join");
	r->tryjoin = dlsym(RTLD_NEXT, "pthread_tryjoin_np");
	r->timedjoin = dlsym(RTLD_NEXT, "pthread_timedjoin_np");
	r->clockjoin = dlsym(RTLD_NEXT, "pthread_clockjoin_np");
	r->barrier_wait = dlsym(RTLD_NEXT, "pthread_barrier_wait");
	r->cnd_wait = dlsym(RTLD_NEXT, "cnd_wait");
	r->cnd_timedwait = dlsym(RTLD_NEXT, "cnd_timedwait");
	r->thrd_join = dlsym(RTLD_NEXT, "thrd_join");
}

const struct cp_real_locks *cp_real_locks_found(void)
{
	if (load(&cp_contention_mode, acquire) & CP_CONTENTION_FOUND)
		return &cp_real_locks;
	// Two threads at once would write the same words.
	find_locks(&cp_real_locks);
	find_waits(&cp_real_locks);
	atomic_fetch_or_explicit(&cp_contention_mode, CP_CONTENTION_FOUND, memory_order_release);
	return &cp_real_locks;
}

__attribute__((constructor(CP_EARLY_PRIORITY))) static void find_at_load(void)
{
	cp_real_locks_found();
}
