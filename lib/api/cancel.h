// SPDX-License-Identifier: MIT
// Context: CTL. None of our functions is a cancellation point, though they open, write and join: a thread that
// ended inside would leave a lock taken or a profile for ever about to stop.
#ifndef CPROF_API_CANCEL_H
#define CPROF_API_CANCEL_H

#include <pthread.h>

/** Returns what cp_cancel_release() is to be given. */
static inline int cp_cancel_hold(void)
{
	int state;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	return state;
}

static inline void cp_cancel_release(int state)
{
	pthread_setcancelstate(state, NULL);
}

#endif
