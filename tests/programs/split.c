// SPDX-License-Identifier: MIT
// CPU time split 50:30:15:5 over four functions, in THREADS threads of MS milliseconds each.
// split OUT HZ ENGINE THREADS MS. The slices are of random length and in random order, so that they keep
// step with no timer; each thread has a start routine of its own, so that the profile tells them apart.
#include "workload.h"

WORK(half);
WORK(third);
WORK(seventh);
WORK(twentieth);

static double thread_ms;

static uint32_t random32(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 32);
}

static void run_slices(int thread)
{
	uint64_t state = (uint64_t)monotonic_ns() * 2654435761u + (uint64_t)thread;
	int64_t begin = thread_cpu_ns();
	int64_t until = begin + (int64_t)(thread_ms * 1e6);

	while (thread_cpu_ns() < until) {
		double ms = 0.2 + random32(&state) / 4294967296.0;
		uint32_t percent = random32(&state) % 100;
		if (percent < 50)
			half(ms);
		else if (percent < 80)
			third(ms);
		else if (percent < 95)
			seventh(ms);
		else
			twentieth(ms);
	}
	say("truth thread_%d %lld", thread, (long long)(thread_cpu_ns() - begin));
}

#define THREAD(n) \
	KEPT static void *thread_##n(void *arg) \
	{ \
		run_slices(n); \
		return arg; \
	}
THREAD(0)
THREAD(1)
THREAD(2)
THREAD(3)
THREAD(4)
THREAD(5)
THREAD(6)
THREAD(7)

int main(int argc, char **argv)
{
	static void *(*const routines[])(void *) = {
			thread_0, thread_1, thread_2, thread_3, thread_4, thread_5, thread_6, thread_7};
	pthread_t threads[8];

	MUST(argc == 6);
	int n = atoi(argv[4]);
	MUST(n >= 1 && n <= 8);
	thread_ms = atof(argv[5]);
	workload_start(argc, argv);
	for (int i = 0; i < n; i++)
		threads[i] = start_thread(routines[i], NULL);
	for (int i = 0; i < n; i++)
		join_thread(threads[i]);
	workload_stop();
	return 0;
}
