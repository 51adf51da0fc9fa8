// SPDX-License-Identifier: MIT
// Hazard 85: a second profile at the same time, and settings changed under a running one: refused, and the
// running one goes on undisturbed.
#include "workload.h"

WORK(busy);

static int never(void *arg, const void *data, size_t size)
{
	workload_fail(__FILE__, __LINE__, "the refused profile is not written");
}

static void *try_to_start(void *arg)
{
	for (int i = 0; i < 50; i++) {
		MUST(cprof_start_cpu_profile(cprof_to_callback(never, NULL)) == -EBUSY);
		MUST(cprof_set_cpu_profile_rate(50) == -EBUSY);
		MUST(cprof_set_cpu_engine(CPROF_CPU_ITIMER) == -EBUSY);
		busy(4);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[2];

	MUST(cprof_set_cpu_profile_rate(0) == -EINVAL);
	MUST(cprof_set_cpu_profile_rate(10001) == -EINVAL);
	MUST(cprof_set_cpu_engine((enum cprof_cpu_engine)99) == -EINVAL);
	workload_start(argc, argv);
	for (int i = 0; i < 2; i++)
		threads[i] = start_thread(try_to_start, NULL);
	for (int i = 0; i < 2; i++)
		join_thread(threads[i]);
	workload_stop();
	return 0;
}
