// SPDX-License-Identifier: MIT
// Context: EARLY. The functions we stand in for, as the next library of the loader's order has them.
#ifndef CPROF_INTERPOSE_REAL_H
#define CPROF_INTERPOSE_REAL_H

#include <pthread.h>
#include <signal.h>
#include <threads.h>

// Our constructors come before those of the preloaded library, which start a profile.
enum { CP_EARLY_PRIORITY = 101 };

struct cp_real {
	int (*pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	int (*thrd_create)(thrd_t *, thrd_start_t, void *);
	int (*sigaction)(int, const struct sigaction *, struct sigaction *);
	sighandler_t (*signal)(int, sighandler_t);
	sighandler_t (*sysv_signal)(int, sighandler_t);
	sighandler_t (*sigset)(int, sighandler_t);
	int (*sigignore)(int);
	int (*siginterrupt)(int, int);
	int (*dlclose)(void *);
};

/** Looked up in our constructor; by the first caller, where another library's constructor came
 * before. */
const struct cp_real *cp_real(void);

#endif
