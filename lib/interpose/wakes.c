// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Who lets others go on: signals of condition variables, posts of semaphores. Only the
// execution trace asks, and only where somebody waits. sem_post may be called in signal handlers.
#include <stdint.h>

#include "locks.h"

CP_OWN(pthread_cond_signal, COND);
CP_OWN(pthread_cond_broadcast, COND);
CP_OWN(cnd_signal, COND);
CP_OWN(cnd_broadcast, COND);
CP_OWN(sem_post, SEM);

/** `call` lets others go on that wait for `object`. */
#define CP_WAKE(name, object, call)                                                             \
	({                                                                                      \
		struct cp_release wake_ = cp_wake_begin(object);                                \
		int rc_ = (call);                                                               \
		cp_wake_end(&wake_, CP_SITE(name));                                             \
		rc_;                                                                            \
	})

static bool is_traced(void)
{
	return __builtin_expect(load(&cp_contention_mode, relaxed) & CP_CONTENTION_TRACE, 0);
}

/// glibc's, as it publishes them

/** The word counts those who wait, above three bits of its own. */
static bool cond_has_waiters(const pthread_cond_t *c)
{
	return __atomic_load_n(&c->__data.__wrefs, __ATOMIC_RELAXED) >> 3 != 0;
}

/** The upper half of the first word counts those who wait, where the word has 64 bits. */
static bool sem_has_waiters(const sem_t *s)
{
	return __atomic_load_n((const uint64_t *)(const void *)s, __ATOMIC_RELAXED) >> 32 != 0;
}

/// Condition variables

CP_VISIBLE int pthread_cond_signal(pthread_cond_t *c)
{
	if (!is_traced() || !cond_has_waiters(c))
		return cp_real_locks_found()->cond_signal(c);
	return CP_WAKE(pthread_cond_signal, c, cp_real_locks.cond_signal(c));
}

CP_VISIBLE int pthread_cond_broadcast(pthread_cond_t *c)
{
	if (!is_traced() || !cond_has_waiters(c))
		return cp_real_locks_found()->cond_broadcast(c);
	return CP_WAKE(pthread_cond_broadcast, c, cp_real_locks.cond_broadcast(c));
}

CP_VISIBLE int cnd_signal(cnd_t *c)
{
	if (!is_traced() || !cond_has_waiters((const pthread_cond_t *)c))
		return cp_real_locks_found()->cnd_signal(c);
	return CP_WAKE(cnd_signal, c, cp_real_locks.cnd_signal(c));
}

CP_VISIBLE int cnd_broadcast(cnd_t *c)
{
	if (!is_traced() || !cond_has_waiters((const pthread_cond_t *)c))
		return cp_real_locks_found()->cnd_broadcast(c);
	return CP_WAKE(cnd_broadcast, c, cp_real_locks.cnd_broadcast(c));
}

/// Semaphores

CP_VISIBLE int sem_post(sem_t *s)
{
	if (!is_traced() || !sem_has_waiters(s))
		return cp_real_locks_found()->sem_post(s);
	return CP_WAKE(sem_post, s, cp_real_locks.sem_post(s));
}
