// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Waiting for time to pass, for a signal, for a child to end: see calls.h.
#include "again.h"

CP_STAND_IN_AGAIN(SLEEP, 0, int, nanosleep, (const struct timespec *time, struct timespec *rest), (time, rest))
CP_STAND_IN_AGAIN(SLEEP, 0, int, clock_nanosleep,
		(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest),
		(clock, flags, time, rest))
CP_STAND_IN_AGAIN(SLEEP, 0, int, usleep, (useconds_t time_us), (time_us))
CP_STAND_IN_AGAIN(SLEEP, 0, unsigned, sleep, (unsigned time_s), (time_s))

static CP_BETWEEN int again_nanosleep(const struct timespec *time, struct timespec *rest)
{
	struct again a = again_for_ever();
	struct timespec now, left;
	int result = next_nanosleep(time, &left);
	while (again_is_due(&a, result)) {
		now = left;
		result = next_nanosleep(&now, &left);
	}
	if (result == -1 && errno == EINTR && rest)
		*rest = left;
	return result;
}

/** An error is what it returns. */
static CP_BETWEEN int again_clock_nanosleep(
		clockid_t clock, int flags, const struct timespec *time, struct timespec *rest)
{
	struct again a = again_for_ever();
	bool is_relative = !(flags & TIMER_ABSTIME);
	struct timespec now, left;
	int error = next_clock_nanosleep(clock, flags, time, &left);
	while (error == EINTR && again_is_cut(&a)) {
		now = left;
		error = next_clock_nanosleep(clock, flags, is_relative ? &now : time, &left);
	}
	if (error == EINTR && rest && is_relative)
		*rest = left;
	return error;
}

static CP_BETWEEN int again_usleep(useconds_t time_us)
{
	struct again a = again_within((uint64_t)time_us * 1000);
	int result = next_usleep(time_us);
	while (again_is_due(&a, result)) {
		struct timespec left = again_left(&a);
		result = next_nanosleep(&left, NULL);
	}
	return result;
}

/** It tells the seconds that are left, none of a second's part. */
static CP_BETWEEN unsigned again_sleep(unsigned time_s)
{
	struct again a = again_within((uint64_t)time_s * AGAIN_NS_PER_S);
	unsigned left_s = next_sleep(time_s);
	if (!again_is_cut(&a))
		return left_s;
	struct timespec left = again_left(&a);
	return again_nanosleep(&left, &left) == 0 ? 0 : (unsigned)left.tv_sec;
}

// The macro's functions have parameters.
CP_NEXT(int, pause, (void), ())
CP_OWN(pause, SYSCALL);

CP_VISIBLE CP_BETWEEN int pause(void)
{
	if (cp_calls_are_off())
		return next_pause();
	struct cp_wait wait = cp_call_begin(CP_SITE(pause), NULL);
	struct again a = again_for_ever();
	int result;
	do
		result = next_pause();
	while (again_is_due(&a, result));
	cp_call_end(&wait, cp_call_outcome(result));
	return result;
}

CP_NEXT_RARE(int, sigsuspend, (const sigset_t *mask), (mask))
CP_OWN(sigsuspend, SYSCALL);

/** Whatever is on: as those with masks in polls.c. A program without handlers never sees it return. */
CP_VISIBLE CP_BETWEEN int sigsuspend(const sigset_t *mask)
{
	struct cp_wait wait = cp_call_begin(CP_SITE(sigsuspend), NULL);
	struct again a = again_for_ever();
	int result;
	do
		result = next_sigsuspend(mask);
	while (again_is_due(&a, result));
	cp_call_end(&wait, cp_call_outcome(result));
	return result;
}

CP_STAND_IN(CHILD, 0, pid_t, wait, (int *status), (status))
CP_STAND_IN(CHILD, 0, pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))
CP_STAND_IN(CHILD, 0, int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options), (type, id, info, options))
CP_STAND_IN(CHILD, 0, pid_t, wait3, (int *status, int options, struct rusage *usage), (status, options, usage))
CP_STAND_IN(CHILD, 0, pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage),
		(pid, status, options, usage))
