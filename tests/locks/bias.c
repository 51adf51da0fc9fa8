// SPDX-License-Identifier: MIT
// bias FILE.block RATE_NS SHORT LONG: SHORT waits of a tenth of the rate and LONG ones of the rate, in two
// functions: the same time in all, and the profile must say so although it sees few of the short ones. Between two
// of them another library is loaded, which must not make two stacks of one.
#include <cprof/pprof.h>
#include <dlfcn.h>
#include <semaphore.h>
#include <stdlib.h>

#include "waiting.h"

static sem_t never;
static uint64_t waited_ns[2];

static void wait_ns(uint64_t ns, int which)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	uint64_t start_ns = (uint64_t)until.tv_sec * 1000000000 + (uint64_t)until.tv_nsec, end_ns = start_ns + ns;
	until = (struct timespec){(time_t)(end_ns / 1000000000), (long)(end_ns % 1000000000)};
	sem_clockwait(&never, CLOCK_MONOTONIC, &until);
	waited_ns[which] += now_ns() - start_ns;
}

static __attribute__((noinline)) void wait_briefly(uint64_t ns)
{
	wait_ns(ns, 0);
	__asm__ volatile("");
}

static __attribute__((noinline)) void wait_long(uint64_t ns)
{
	wait_ns(ns, 1);
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	uint64_t rate_ns = strtoull(argv[2], NULL, 10);
	int nshort = atoi(argv[3]), nlong = atoi(argv[4]);
	sem_init(&never, 0, 0);
	cprof_set_block_profile_rate((int64_t)rate_ns);
	for (int i = 0; i < nshort; i++)
		wait_briefly(rate_ns / 10);
	for (int i = 0; i < nlong; i++) {
		if (i == nlong / 2 && !dlopen("libresolv.so.2", RTLD_NOW))
			return 3;
		wait_long(rate_ns);
	}
	cprof_set_block_profile_rate(0);
	report("wait_briefly", waited_ns[0], (uint64_t)nshort);
	report("wait_long", waited_ns[1], (uint64_t)nlong);
	return cprof_profile_write_to(cprof_lookup("block"), cprof_to_path(argv[1]), 0) != 0;
}
