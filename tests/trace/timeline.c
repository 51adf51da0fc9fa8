// SPDX-License-Identifier: MIT
// A known timeline: regions of 10, 20 and 50 ms; a lock held 30 ms while another thread waits for it; a thread
// woken by a condition variable, one joined; a task over two threads; logs. It prints what it measured itself.
#include <cprof/pprof.h>
#include <cprof/trace.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock __asm__("_ZN4shop4lockE") = PTHREAD_MUTEX_INITIALIZER; // as C++ calls shop::lock
static pthread_mutex_t ready_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t is_ready = PTHREAD_COND_INITIALIZER;
static sem_t may_wait, will_wait;
static int ready;
static uint64_t task;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static void sleep_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static void take_region(const char *type, int ms)
{
	uint64_t start_ns = now_ns();
	{
		CPROF_TRACE_REGION(type);
		sleep_ms(ms);
	}
	printf("region %s %llu\n", type, (unsigned long long)(now_ns() - start_ns));
}

static void *wait_for_lock(void *arg)
{
	cprof_trace_set_task(task);
	CPROF_TRACE_REGION("waiter");
	CPROF_LABELS_SCOPE(cprof_labels("request", "/search", (char *)NULL));
	sem_wait(&may_wait);
	uint64_t start_ns = now_ns();
	pthread_mutex_lock(&lock);
	printf("wait mutex %llu\n", (unsigned long long)(now_ns() - start_ns));
	pthread_mutex_unlock(&lock);
	return arg;
}

static void *wait_for_signal(void *arg)
{
	pthread_setname_np(pthread_self(), "sleeper");
	pthread_mutex_lock(&ready_lock);
	sem_post(&will_wait); // and who then takes the lock finds it waiting
	uint64_t start_ns = now_ns();
	while (!ready)
		pthread_cond_wait(&is_ready, &ready_lock);
	printf("wait cond %llu\n", (unsigned long long)(now_ns() - start_ns));
	pthread_mutex_unlock(&ready_lock);
	return arg;
}

static void hold_lock(void)
{
	pthread_t waiter;
	pthread_create(&waiter, NULL, wait_for_lock, NULL);
	pthread_mutex_lock(&lock);
	sem_post(&may_wait);
	sleep_ms(30);
	pthread_mutex_unlock(&lock);
	pthread_join(waiter, NULL);
}

static void signal_late(void)
{
	pthread_t sleeper;
	pthread_create(&sleeper, NULL, wait_for_signal, NULL);
	sem_wait(&will_wait);
	sleep_ms(40);
	pthread_mutex_lock(&ready_lock);
	ready = 1;
	pthread_cond_signal(&is_ready);
	pthread_mutex_unlock(&ready_lock);
	pthread_join(sleeper, NULL);
}

/** Of CPU time: so that a busy machine leaves the samples there are. */
static __attribute__((noinline, noclone)) void burn_ms(uint64_t ms)
{
	volatile unsigned sink = 0;
	for (uint64_t end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + ms * 1000000;
			clock_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns;)
		sink = sink + 1;
}

int main(int argc, char **argv)
{
	if (argc > 1 && cprof_trace_start(cprof_to_path(argv[1])) != 0)
		return 1;
	sem_init(&may_wait, 0, 0);
	sem_init(&will_wait, 0, 0);
	task = cprof_trace_task_begin("request", 0);
	cprof_trace_set_task(task);
	cprof_trace_log("step", "begin");
	take_region("ten", 10);
	take_region("twenty", 20);
	take_region("fifty", 50);
	hold_lock();
	signal_late();
	cprof_set_labels(cprof_labels("phase", "burn", (char *)NULL));
	burn_ms(200);
	cprof_trace_logf("step", "end %d", 42);
	cprof_trace_task_end(task);
	printf("pid %d task %llu\n", (int)getpid(), (unsigned long long)task);
	if (argc > 1 && cprof_trace_stop() != 0)
		return 2;
	return 0;
}
