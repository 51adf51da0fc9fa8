// SPDX-License-Identifier: MIT
// A library to preload that stands in front of pthread_mutex_lock and _unlock and does nothing: the least that any
// profiler which interposes can cost. For bench_locks.py.
#include <dlfcn.h>
#include <pthread.h>

static int (*next_lock)(pthread_mutex_t *);
static int (*next_unlock)(pthread_mutex_t *);

__attribute__((constructor)) static void find(void)
{
	next_lock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
	next_unlock = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_unlock");
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
	return next_lock(m);
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
	return next_unlock(m);
}
