// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Who lets others go on: signals of condition variables, posts of semaphores. Only the
// execution trace asks, and only where somebody waits. sem_post may be called in signal handlers.
#include <stdint.h>

#include "locks.h"

/** Defines the function that stands in for `name`, which lets others go on that wait for `object`. */
#define CP_STAND_IN_WAKE(kind, object, name, parameters, arguments, has_waiters)                \
	CP_OWN(name, kind);                                                                     \
	static CP_BETWEEN int waking_##name CP_WITH_CALLER parameters                           \
	{                                                                                       \
		if (!(has_waiters))                                                             \
			return next_##name arguments;                                           \
		struct cp_release wake_ = cp_wake_begin(object);                                \
		int rc_ = next_##name arguments;                                                \
		cp_wake_end(&wake_, CP_SITE_BY(name, caller));                                  \
		return rc_;                                                                     \
	}                                                                                       \
	CP_VISIBLE CP_FRONT int name parameters                                                 \
	{                                                                                       \
		return IS_TRACED() ? waking_##name CP_AND_CALLER arguments : next_##name arguments; \
	}

// A macro for the reason that cp_contention_is_off() is one.
#define IS_TRACED() __builtin_expect(load(&cp_contention_mode, relaxed) & CP_CONTENTION_TRACE, 0)

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

CP_NEXT(int, pthread_cond_signal, (pthread_cond_t *c), (c))
CP_NEXT(int, pthread_cond_broadcast, (pthread_cond_t *c), (c))
CP_NEXT(int, cnd_signal, (cnd_t *c), (c))
CP_NEXT(int, cnd_broadcast, (cnd_t *c), (c))

CP_STAND_IN_WAKE(COND, c, pthread_cond_signal, (pthread_cond_t *c), (c), cond_has_waiters(c))
CP_STAND_IN_WAKE(COND, c, pthread_cond_broadcast, (pthread_cond_t *c), (c), cond_has_waiters(c))
CP_STAND_IN_WAKE(COND, c, cnd_signal, (cnd_t *c), (c), cond_has_waiters((const pthread_cond_t *)c))
CP_STAND_IN_WAKE(COND, c, cnd_broadcast, (cnd_t *c), (c),
		cond_has_waiters((const pthread_cond_t *)c))

/// Semaphores

CP_NEXT(int, sem_post, (sem_t *s), (s))

CP_STAND_IN_WAKE(SEM, s, sem_post, (sem_t *s), (s), sem_has_waiters(s))
