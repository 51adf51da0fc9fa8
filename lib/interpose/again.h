// SPDX-License-Identifier: MIT
// Context: SIG. Waits that end at any signal, SA_RESTART or not (signal(7)): when it was one of ours (sigsafe/cut.h),
// who waits goes on with the time that is left. Programs take EINTR for an error where they have no handlers of their
// own. Where one can run in this thread it has to expect it, and is told of perf's ticks, too: its handler may have run
// between the one of ours and our going on, and nothing would end the wait it was to end. Not of the wall clock's
// questions: they are too seldom for that, but where each ended a wait, one in 1,000 connections to MariaDB was lost,
// whose handlers are for what never happens.
#ifndef CPROF_INTERPOSE_AGAIN_H
#define CPROF_INTERPOSE_AGAIN_H

#include "calls.h"
#include "sigsafe/cut.h"

/** Stands in for a wait, which again_NAME makes. */
#define CP_STAND_IN_AGAIN_AS(leaf, object, type, name, parameters, arguments) \
	static type again_##name parameters;                                  \
	CP_STAND_IN_BY(again_##name, leaf, object, type, name, parameters, arguments)

#define CP_STAND_IN_AGAIN(kind, object, type, name, parameters, arguments) \
	CP_OWN(name, kind);                                                \
	CP_STAND_IN_AGAIN_AS(name, object, type, name, parameters, arguments)

enum { AGAIN_NS_PER_MS = 1000000, AGAIN_NS_PER_S = 1000000000 };

/** A wait that may be gone on with. */
struct again {
	uint64_t until_ns; // of cp_wait_clock_ns(); 0: for ever
	uintptr_t cuts;    // before the call
	int saved_errno;
};

static inline struct again again_for_ever(void)
{
	return (struct again){.cuts = cp_cuts_alone(), .saved_errno = errno};
}

static inline struct again again_within(uint64_t time_ns)
{
	struct again a = again_for_ever();
	a.until_ns = cp_wait_clock_ns() + time_ns;
	return a;
}

/** NULL: for ever. Wrong times are the real function's to refuse; thirty years are enough. */
static inline struct again again_within_time(const struct timespec *time)
{
	if (!time)
		return again_for_ever();
	uint64_t time_s = time->tv_sec < AGAIN_NS_PER_S ? (uint64_t)time->tv_sec : AGAIN_NS_PER_S;
	return again_within(time_s * AGAIN_NS_PER_S + (uint64_t)time->tv_nsec);
}

/** Negative: for ever. */
static inline struct again again_within_ms(int time_ms)
{
	return time_ms < 0 ? again_for_ever() : again_within((uint64_t)time_ms * AGAIN_NS_PER_MS);
}

/** A signal of ours came since it was asked last, and it can only have been that. */
static inline bool again_is_cut(struct again *a)
{
	uintptr_t before = a->cuts;
	a->cuts = cp_cuts_alone();
	return a->cuts != before;
}

/** The call ended by one, with this result. */
static inline bool again_is_due(struct again *a, long result)
{
	if (result != -1 || errno != EINTR || !again_is_cut(a))
		return false;
	errno = a->saved_errno;
	return true;
}

static inline struct timespec again_left(const struct again *a)
{
	uint64_t now_ns = cp_wait_clock_ns(), left_ns = a->until_ns > now_ns ? a->until_ns - now_ns : 0;
	return (struct timespec){(time_t)(left_ns / AGAIN_NS_PER_S), (long)(left_ns % AGAIN_NS_PER_S)};
}

/** Not before the time is over. */
static inline int again_left_ms(const struct again *a)
{
	if (a->until_ns == 0)
		return -1;
	struct timespec left = again_left(a);
	return (int)(left.tv_sec * 1000 + (left.tv_nsec + AGAIN_NS_PER_MS - 1) / AGAIN_NS_PER_MS);
}

/** The body of an again_NAME that takes milliseconds. */
#define CP_AGAIN_MS(time_ms, call)                             \
	struct again a = again_within_ms(time_ms);             \
	int result = (call);                                   \
	while (again_is_due(&a, result)) {                     \
		time_ms = again_left_ms(&a);                   \
		result = (call);                               \
	}                                                      \
	return result

/** The same where it takes a timespec that it leaves as it is. */
#define CP_AGAIN_TIME(time, call)                              \
	struct again a = again_within_time(time);              \
	int result = (call);                                   \
	while (again_is_due(&a, result)) {                     \
		struct timespec left = again_left(&a);         \
		time = time ? &left : NULL;                    \
		result = (call);                               \
	}                                                      \
	return result

#endif
