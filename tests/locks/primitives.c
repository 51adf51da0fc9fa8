// SPDX-License-Identifier: MIT
// primitives FILE.block FILE.mutex TEXT.block TEXT.mutex: every primitive makes a thread wait once, in a
// function of its own; what it must have waited is printed (waiting.h).
#include <cprof/pprof.h>

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "waiting.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static sem_t semaphore;
static unsigned futex_word;
static mtx_t c11_mutex;
static cnd_t c11_cond;
static bool is_signaled;

static struct timespec later(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	ts.tv_sec += 60;
	return ts;
}

#define UNTIL_REALTIME (&(struct timespec){later(CLOCK_REALTIME).tv_sec, 0})
#define UNTIL_MONOTONIC (&(struct timespec){later(CLOCK_MONOTONIC).tv_sec, 0})

/// One function for each primitive: the waiter's part

WAITER(in_mutex_lock, pthread_mutex_lock(&mutex), pthread_mutex_unlock(&mutex))
WAITER(in_mutex_timedlock, pthread_mutex_timedlock(&mutex, UNTIL_REALTIME), pthread_mutex_unlock(&mutex))
WAITER(in_mutex_clocklock, pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, UNTIL_MONOTONIC),
		pthread_mutex_unlock(&mutex))
WAITER(in_rwlock_rdlock, pthread_rwlock_rdlock(&rwlock), pthread_rwlock_unlock(&rwlock))
WAITER(in_rwlock_timedrdlock, pthread_rwlock_timedrdlock(&rwlock, UNTIL_REALTIME), pthread_rwlock_unlock(&rwlock))
WAITER(in_rwlock_clockrdlock, pthread_rwlock_clockrdlock(&rwlock, CLOCK_MONOTONIC, UNTIL_MONOTONIC),
		pthread_rwlock_unlock(&rwlock))
WAITER(in_rwlock_wrlock, pthread_rwlock_wrlock(&rwlock), pthread_rwlock_unlock(&rwlock))
WAITER(in_rwlock_timedwrlock, pthread_rwlock_timedwrlock(&rwlock, UNTIL_REALTIME), pthread_rwlock_unlock(&rwlock))
WAITER(in_rwlock_clockwrlock, pthread_rwlock_clockwrlock(&rwlock, CLOCK_MONOTONIC, UNTIL_MONOTONIC),
		pthread_rwlock_unlock(&rwlock))
WAITER(in_spin_lock, pthread_spin_lock(&spin), pthread_spin_unlock(&spin))
WAITER(in_mtx_lock, mtx_lock(&c11_mutex), mtx_unlock(&c11_mutex))
WAITER(in_mtx_timedlock, mtx_timedlock(&c11_mutex, UNTIL_REALTIME), mtx_unlock(&c11_mutex))
WAITER(in_sem_wait, sem_wait(&semaphore), 0)
WAITER(in_sem_timedwait, sem_timedwait(&semaphore, UNTIL_REALTIME), 0)
WAITER(in_sem_clockwait, sem_clockwait(&semaphore, CLOCK_MONOTONIC, UNTIL_MONOTONIC), 0)
WAITER(in_futex, syscall(SYS_futex, &futex_word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), 0)
WAITER(in_barrier_wait, pthread_barrier_wait(&barrier) > 0, 0)

#define COND_WAITER(name, lock, wait, unlock)                           \
	WAITER(name, ({                                                 \
		lock;                                                   \
		int rc_ = 0;                                            \
		while (!is_signaled && rc_ == 0)                        \
			rc_ = wait;                                     \
		is_signaled = false;                                    \
		unlock;                                                 \
		rc_;                                                    \
	}), 0)

COND_WAITER(in_cond_wait, pthread_mutex_lock(&mutex), pthread_cond_wait(&cond, &mutex), pthread_mutex_unlock(&mutex))
COND_WAITER(in_cond_timedwait, pthread_mutex_lock(&mutex), pthread_cond_timedwait(&cond, &mutex, UNTIL_REALTIME),
		pthread_mutex_unlock(&mutex))
COND_WAITER(in_cond_clockwait, pthread_mutex_lock(&mutex),
		pthread_cond_clockwait(&cond, &mutex, CLOCK_MONOTONIC, UNTIL_MONOTONIC), pthread_mutex_unlock(&mutex))
COND_WAITER(in_cnd_wait, mtx_lock(&c11_mutex), cnd_wait(&c11_cond, &c11_mutex), mtx_unlock(&c11_mutex))
COND_WAITER(in_cnd_timedwait, mtx_lock(&c11_mutex), cnd_timedwait(&c11_cond, &c11_mutex, UNTIL_REALTIME),
		mtx_unlock(&c11_mutex))

/// The other side: holds, or is late

static void *sleeper(void *arg)
{
	let_wait(getpid());
	return arg;
}

static int c11_sleeper(void *arg)
{
	let_wait(getpid());
	return arg != NULL;
}

static __attribute__((noinline)) void in_join(void)
{
	pthread_t t;
	pthread_create(&t, NULL, sleeper, NULL);
	uint64_t start_ns = now_ns();
	pthread_join(t, NULL);
	report("in_join", now_ns() - start_ns, least_ns);
}

static __attribute__((noinline)) void in_timedjoin(void)
{
	pthread_t t;
	pthread_create(&t, NULL, sleeper, NULL);
	uint64_t start_ns = now_ns();
	pthread_timedjoin_np(t, NULL, UNTIL_REALTIME);
	report("in_timedjoin", now_ns() - start_ns, least_ns);
}

static __attribute__((noinline)) void in_thrd_join(void)
{
	thrd_t t;
	thrd_create(&t, c11_sleeper, NULL);
	uint64_t start_ns = now_ns();
	thrd_join(t, NULL);
	report("in_thrd_join", now_ns() - start_ns, least_ns);
}

static void signal_cond(void)
{
	pthread_mutex_lock(&mutex);
	is_signaled = true;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&mutex);
}

static void signal_cnd(void)
{
	mtx_lock(&c11_mutex);
	is_signaled = true;
	cnd_signal(&c11_cond);
	mtx_unlock(&c11_mutex);
}

static __attribute__((noinline)) void hold_mutex(void (*waiter)(void))
{
	pthread_mutex_lock(&mutex);
	hold_against(waiter, 0);
	pthread_mutex_unlock(&mutex);
	join_waiter();
}

static __attribute__((noinline)) void hold_rwlock(void (*waiter)(void))
{
	pthread_rwlock_wrlock(&rwlock);
	hold_against(waiter, 0);
	pthread_rwlock_unlock(&rwlock);
	join_waiter();
}

static __attribute__((noinline)) void hold_mtx(void (*waiter)(void))
{
	mtx_lock(&c11_mutex);
	hold_against(waiter, 0);
	mtx_unlock(&c11_mutex);
	join_waiter();
}

static void wake_futex(void)
{
	syscall(SYS_futex, &futex_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void post(void)
{
	sem_post(&semaphore);
}

static void arrive(void)
{
	pthread_barrier_wait(&barrier);
}

/** Those that wait for no lock, and what ends that. */
static const struct {
	void (*wait)(void);
	void (*wake)(void);
} waits[] = {
		{in_sem_wait, post}, {in_sem_timedwait, post}, {in_sem_clockwait, post}, {in_futex, wake_futex},
		{in_cond_wait, signal_cond}, {in_cond_timedwait, signal_cond}, {in_cond_clockwait, signal_cond},
		{in_cnd_wait, signal_cnd}, {in_cnd_timedwait, signal_cnd}, {in_barrier_wait, arrive},
};

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_spin_init(&spin, 0);
	sem_init(&semaphore, 0, 0);
	mtx_init(&c11_mutex, mtx_timed);
	cnd_init(&c11_cond);
	if (cprof_set_block_profile_rate(1) != 0 || cprof_set_mutex_profile_fraction(1) != 0)
		return 3;
	hold_mutex(in_mutex_lock);
	hold_mutex(in_mutex_timedlock);
	hold_mutex(in_mutex_clocklock);
	hold_rwlock(in_rwlock_rdlock);
	hold_rwlock(in_rwlock_timedrdlock);
	hold_rwlock(in_rwlock_clockrdlock);
	hold_rwlock(in_rwlock_wrlock);
	hold_rwlock(in_rwlock_timedwrlock);
	hold_rwlock(in_rwlock_clockwrlock);
	hold_mtx(in_mtx_lock);
	hold_mtx(in_mtx_timedlock);
	pthread_spin_lock(&spin);
	hold_against(in_spin_lock, 1);
	pthread_spin_unlock(&spin);
	join_waiter();
	for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
		hold_against(waits[i].wait, 0);
		waits[i].wake();
		join_waiter();
	}
	in_join();
	in_timedjoin();
	in_thrd_join();
	cprof_set_block_profile_rate(0);
	if (cprof_set_mutex_profile_fraction(0) != 1)
		return 4;
	hold_mutex(in_mutex_lock); // not recorded, though printed: the reader takes the first line
	for (int debug = 0; debug < 2; debug++) {
		int rc = cprof_profile_write_to(cprof_lookup("block"), cprof_to_path(argv[1 + 2 * debug]), debug);
		if (rc == 0)
			rc = cprof_profile_write_to(cprof_lookup("mutex"), cprof_to_path(argv[2 + 2 * debug]), debug);
		if (rc != 0)
			return 5;
	}
	return 0;
}
