// SPDX-License-Identifier: MIT
// old_symbols [FILE.block FILE.mutex]: a program as if linked to the glibc of 2003 for x86-64: its pthread_cond_*
// are those of GLIBC_2.2.5, another layout. It is not linked with libcprof; `cprof run` profiles it.
#include "waiting.h"

__asm__(".symver pthread_cond_wait, pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver pthread_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
__asm__(".symver pthread_cond_signal, pthread_cond_signal@GLIBC_2.2.5");
__asm__(".symver pthread_cond_destroy, pthread_cond_destroy@GLIBC_2.2.5");
__asm__(".symver pthread_mutex_timedlock, pthread_mutex_timedlock@GLIBC_2.2.5");
__asm__(".symver sem_wait, sem_wait@GLIBC_2.2.5");

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
// Old ones keep one pointer in it, and know nothing of what lies behind.
static struct {
	pthread_cond_t cond;
	char guard[16];
} shared;
static int is_signaled;

static __attribute__((noinline)) void in_old_cond_wait(void)
{
	uint64_t start_ns = now_ns();
	pthread_mutex_lock(&mutex);
	while (!is_signaled)
		pthread_cond_wait(&shared.cond, &mutex);
	is_signaled = 0;
	pthread_mutex_unlock(&mutex);
	report("in_old_cond_wait", now_ns() - start_ns, least_ns);
}

static __attribute__((noinline)) void in_old_cond_timedwait(void)
{
	struct timespec until = {time(NULL) + 60, 0};
	uint64_t start_ns = now_ns();
	pthread_mutex_lock(&mutex);
	while (!is_signaled)
		pthread_cond_timedwait(&shared.cond, &mutex, &until);
	is_signaled = 0;
	pthread_mutex_unlock(&mutex);
	report("in_old_cond_timedwait", now_ns() - start_ns, least_ns);
}

int main(void)
{
	static void (*const waiters[])(void) = {in_old_cond_wait, in_old_cond_timedwait};
	for (int i = 0; i < 2; i++) {
		hold_against(waiters[i], 0);
		pthread_mutex_lock(&mutex);
		is_signaled = 1;
		pthread_cond_signal(&shared.cond);
		pthread_mutex_unlock(&mutex);
		join_waiter();
	}
	for (size_t i = sizeof(void *); i < sizeof(shared.cond); i++) {
		if (((char *)&shared.cond)[i])
			return 1; // somebody took it for a new one
	}
	return 0;
}
