// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. What the files that stand in for locks and waits share: how a wait is timed.
#ifndef CPROF_INTERPOSE_LOCKS_H
#define CPROF_INTERPOSE_LOCKS_H

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

#include "kind/contention_hook.h"
#include "next.h"
#include "site.h"
#include "visible.h"

/// Whether it is noted where locks are taken; see kind/held_hook.h.

void cp_mutexes_note_sites(bool are_noted);
void cp_rwlocks_note_sites(bool are_noted);

/** CP_NEXT of a function that takes or releases a lock. note_NAME(true) puts between it and us a function that notes
 *  it, by `noting`, which calls real_NAME: so noting costs nothing but when asked for. */
#define CP_NEXT_NOTED(name, parameters, arguments, noting)                                      \
	static int(*real_##name) parameters;                                                    \
	CP_NEXT_AS(real_##name = cp_next_named(#name), int, name, parameters, arguments)     \
	static CP_BETWEEN int noting_##name parameters                                          \
	{                                                                                       \
		return noting;                                                                  \
	}                                                                                       \
	static void note_##name(bool is_noted)                                                  \
	{                                                                                       \
		if (!real_##name)                                                               \
			find_##name();                                                          \
		next_##name = is_noted ? noting_##name : real_##name;                           \
	}

/** Defines the function that stands in for `name`, which is CP_NEXT, and waits for `object`. take: what it returns
 *  where it need not wait; EBUSY: the real function is to wait, or to say what is wrong. It may use `caller`.
 *  outcome(rc): how that ended. kind: an enum trace_wait without its prefix. */
#define CP_WAIT(kind, object, name, parameters, arguments, take, outcome)                       \
	CP_OWN(name, kind);                                                                     \
	static CP_BETWEEN int waiting_##name CP_WITH_CALLER parameters                          \
	{                                                                                       \
		int rc_ = (take);                                                               \
		if (rc_ != EBUSY)                                                               \
			return rc_;                                                             \
		struct cp_wait wait_ = cp_wait_begin(CP_SITE_BY(name, caller), (const void *)(object)); \
		rc_ = next_##name arguments;                                                    \
		cp_wait_end(&wait_, (outcome)(rc_));                                            \
		return rc_;                                                                     \
	}                                                                                       \
	CP_VISIBLE CP_FRONT int name parameters                                                 \
	{                                                                                       \
		return cp_contention_is_off() ? next_##name arguments : waiting_##name CP_AND_CALLER arguments; \
	}

#define CP_STAND_IN_WAIT(kind, object, name, parameters, arguments, take, outcome)              \
	CP_NEXT(int, name, parameters, arguments)                                               \
	CP_WAIT(kind, object, name, parameters, arguments, take, outcome)

/** The same of a lock that is noted, by note_taken() of the file. */
#define CP_STAND_IN_LOCK(kind, lock, name, parameters, arguments, take, outcome)                \
	CP_NEXT_NOTED(name, parameters, arguments,                                              \
			note_taken(lock, TRACE_WAIT_##kind, real_##name arguments, CP_CALLER))  \
	CP_WAIT(kind, lock, name, parameters, arguments, take, outcome)

/// pthread_cond_wait and pthread_cond_timedwait of either version, when not off.

int cp_cond_wait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *), pthread_cond_t *c, pthread_mutex_t *m,
		const void *caller);
int cp_cond_timedwait_by(int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *),
		pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until, const void *caller);

/** What a wait of pthread's ends with; other errors come at once. */
static inline enum cp_wait_outcome cp_wait_outcome(int rc)
{
	if (rc == 0 || rc == EOWNERDEAD)
		return CP_WAIT_OVER;
	return rc == ETIMEDOUT ? CP_WAIT_GIVEN_UP : CP_WAIT_FAILED;
}

/** The same of those that return -1 and set errno. */
static inline enum cp_wait_outcome cp_errno_wait_outcome(long rc)
{
	if (rc == 0)
		return CP_WAIT_OVER;
	return errno == EINTR || errno == ETIMEDOUT ? CP_WAIT_GIVEN_UP : CP_WAIT_FAILED;
}

/// False: the real function says so before it looks at the lock, which must not be tried then.

static inline bool cp_clock_is_valid(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
}

/** until NULL: it is waited for ever, where that may be said so. */
static inline bool cp_until_is_valid(clockid_t clock, const struct timespec *until)
{
	return cp_clock_is_valid(clock) && until && until->tv_nsec >= 0 && until->tv_nsec < 1000000000;
}

/** The same of C11's. */
static inline enum cp_wait_outcome cp_c11_wait_outcome(int rc)
{
	if (rc == thrd_success)
		return CP_WAIT_OVER;
	return rc == thrd_timedout ? CP_WAIT_GIVEN_UP : CP_WAIT_FAILED;
}

// What glibc publishes of its mutex, C11's too. The kind's low bits are the type and what makes it special;
// 0x80 (process-shared) changes nothing for us.
enum { CP_MUTEX_KIND_MASK = 0x7f, CP_MUTEX_TYPE_MASK = 3 };

/** Releasing it will let others have it. */
static inline bool cp_mutex_is_last_hold(const pthread_mutex_t *m)
{
	return (m->__data.__kind & CP_MUTEX_TYPE_MASK) != PTHREAD_MUTEX_RECURSIVE_NP || m->__data.__count <= 1;
}

#endif
