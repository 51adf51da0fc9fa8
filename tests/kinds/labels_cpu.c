// SPDX-License-Identifier: MIT
// labels_cpu OUT: CPU time under known labels, for test_labels.py. Go's TestCPUProfileLabel, TestLabelRace.
#include <cprof/pprof.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define END ((char *)NULL)

static volatile unsigned long sink;

static void must(int ret, const char *what)
{
	if (ret < 0) {
		fprintf(stderr, "%s: %s\n", what, cprof_strerror(ret));
		exit(1);
	}
}

static void burn_ms(long ms)
{
	struct timespec start, now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	do {
		for (int i = 0; i < 10000; i++)
			sink += (unsigned)i;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}

__attribute__((noinline)) static void labelled(void *ms)
{
	burn_ms((long)ms);
	__asm__ volatile("");
}

__attribute__((noinline)) static void unlabelled(void)
{
	burn_ms(300);
	__asm__ volatile("");
}

__attribute__((noinline)) static void *inherited(void *arg)
{
	burn_ms(300);
	return NULL;
}

/** Many threads that live for a moment, each under labels of its own and its creator's. */
static void *short_lived(void *arg)
{
	cprof_do(cprof_labels("key", "value", END), labelled, (void *)2);
	return NULL;
}

static atomic_int clone_done;

__attribute__((noinline)) static int raw_thread(void *arg)
{
	burn_ms(300);
	atomic_store(&clone_done, 1);
	syscall(SYS_exit, 0);
	return 0;
}

/** A thread that stands on this one's thread-local storage: this one's labels are not its. */
static void burn_in_raw_clone(void)
{
	enum { STACK_BYTES = 256 << 10 };
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(clone(raw_thread, stack + STACK_BYTES,
			     CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL),
			"clone");
	while (!atomic_load(&clone_done))
		usleep(1000);
}

int main(int argc, char **argv)
{
	pthread_t t;
	must(cprof_set_cpu_profile_rate(200), "rate");
	must(cprof_start_cpu_profile(cprof_to_path(argv[1])), "start");
	unlabelled();
	cprof_set_labels(cprof_labels("creator", "main", "empty", "", "quote", "a \"b\"\n", END));
	pthread_create(&t, NULL, inherited, NULL);
	pthread_join(t, NULL);
	burn_in_raw_clone();
	cprof_set_labels(NULL);
	for (int i = 0; i < 100; i++) {
		pthread_create(&t, NULL, short_lived, NULL);
		pthread_join(t, NULL);
	}
	cprof_do(cprof_labels("key", "value", END), labelled, (void *)300);
	must(cprof_stop_cpu_profile(), "stop");
	return argc > 2;
}
