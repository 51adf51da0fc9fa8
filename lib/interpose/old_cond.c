// SPDX-License-Identifier: MIT
// Context: SIG, EARLY. The condition variables of before glibc 2.3.2, which x86-64 still has: what libc keeps
// in a pthread_cond_t is another thing for them, so each version must lead to its own. Programs older than
// that, and some that were linked to be able to run there, ask for them.
//
// Only in our shared libraries: a static one has no versions, and a program that links it is not that old.
#include <dlfcn.h>

#include "locks.h"

#define CP_NEXT_OLD(name, parameters, arguments) \
	CP_NEXT_AS(dlvsym(RTLD_NEXT, #name, "GLIBC_2.2.5"), int, name, parameters, arguments)

CP_NEXT_OLD(pthread_cond_wait, (pthread_cond_t *c, pthread_mutex_t *m), (c, m))
CP_NEXT_OLD(pthread_cond_timedwait, (pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until),
		(c, m, until))
CP_NEXT_OLD(pthread_cond_signal, (pthread_cond_t *c), (c))
CP_NEXT_OLD(pthread_cond_broadcast, (pthread_cond_t *c), (c))

int cp_old_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int cp_old_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until);
int cp_old_cond_signal(pthread_cond_t *c);
int cp_old_cond_broadcast(pthread_cond_t *c);

__asm__(".symver cp_old_cond_wait, pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver cp_old_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver cp_old_cond_signal, pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver cp_old_cond_broadcast, pthread_cond_broadcast@GLIBC_2.2.5");

CP_VISIBLE CP_BETWEEN int cp_old_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
	if (cp_contention_is_off())
		return next_pthread_cond_wait(c, m);
	return cp_cond_wait_by(next_pthread_cond_wait, c, m, CP_CALLER);
}

CP_VISIBLE CP_BETWEEN int cp_old_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until)
{
	if (cp_contention_is_off())
		return next_pthread_cond_timedwait(c, m, until);
	return cp_cond_timedwait_by(next_pthread_cond_timedwait, c, m, until, CP_CALLER);
}

CP_VISIBLE CP_BETWEEN int cp_old_cond_signal(pthread_cond_t *c)
{
	// What it points to is not looked into: whether somebody waits there is not known.
	return next_pthread_cond_signal(c);
}

CP_VISIBLE CP_BETWEEN int cp_old_cond_broadcast(pthread_cond_t *c)
{
	return next_pthread_cond_broadcast(c);
}
