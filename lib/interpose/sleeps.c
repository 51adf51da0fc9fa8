// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. Waiting for time to pass, for a signal, for a child to end: see calls.h.
#include "calls.h"

CP_STAND_IN(SLEEP, 0, int, nanosleep, (const struct timespec *time, struct timespec *rest), (time, rest))
CP_STAND_IN(SLEEP, 0, int, clock_nanosleep,
		(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest),
		(clock, flags, time, rest))
CP_STAND_IN(SLEEP, 0, int, usleep, (useconds_t time_us), (time_us))
CP_STAND_IN(SLEEP, 0, unsigned, sleep, (unsigned time_s), (time_s))

// The macro's functions have parameters.
CP_NEXT(int, pause, (void), ())
CP_OWN(pause, SYSCALL);

CP_VISIBLE CP_BETWEEN int pause(void)
{
	if (cp_calls_are_off())
		return next_pause();
	struct cp_wait wait = cp_call_begin(CP_SITE(pause), NULL);
	int result = next_pause();
	cp_call_end(&wait, cp_call_outcome(result));
	return result;
}

CP_STAND_IN(CHILD, 0, pid_t, wait, (int *status), (status))
CP_STAND_IN(CHILD, 0, pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options))
CP_STAND_IN(CHILD, 0, int, waitid, (idtype_t type, id_t id, siginfo_t *info, int options), (type, id, info, options))
CP_STAND_IN(CHILD, 0, pid_t, wait3, (int *status, int options, struct rusage *usage), (status, options, usage))
CP_STAND_IN(CHILD, 0, pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage),
		(pid, status, options, usage))
