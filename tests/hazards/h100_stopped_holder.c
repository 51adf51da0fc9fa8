// SPDX-License-Identifier: MIT
// Hazard 100: a garbage collector has stopped a thread in a signal handler just where it holds the lock of libc's cache
// of stacks, and who stops the profile, with signals blocked, wants that lock: pthread_join() of our collector hung,
// and Boehm's collector, which waited for an answer of that thread, aborted.
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "workload.h"

WORK(busy);

enum {
	STACK_BYTES = 64 << 20, // more than the cache keeps: it is unmapped at once, under the lock
	MAX_CALL_BYTES = 64,
};

static _Atomic bool is_stopped;

static uintptr_t pc_of(const ucontext_t *uc)
{
#if defined(__x86_64__)
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
#else
	return uc->uc_mcontext.pc;
#endif
}

/** Only pthread_join() calls munmap() here. */
static void stop_the_holder(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)info;
	if (pc_of(uc) - (uintptr_t)munmap >= MAX_CALL_BYTES)
		return;
	is_stopped = true;
	for (;;)
		pause();
}

static void *nothing(void *arg)
{
	return arg;
}

static void *join_threads(void *arg)
{
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (;;) {
		pthread_t t;
		MUST(pthread_create(&t, &attr, nothing, NULL) == 0);
		pthread_join(t, NULL);
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct sigaction sa = {.sa_sigaction = stop_the_holder, .sa_flags = SA_SIGINFO};
	sigaction(SIGUSR1, &sa, NULL);
	workload_start(argc, argv);
	pthread_t holder = start_thread(join_threads, NULL);
	busy(100);
	while (!is_stopped) {
		pthread_kill(holder, SIGUSR1);
		usleep(100);
	}
	workload_stop();
	_exit(0);
}
