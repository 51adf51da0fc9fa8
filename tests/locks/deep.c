// SPDX-License-Identifier: MIT
// deep DEPTH BLOCK MUTEX: waits for a mutex, and releases it to somebody who waits, each DEPTH calls deep.
#include <cprof/pprof.h>

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "waiting.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int depth;

static __attribute__((noinline)) void descend(int left, void (*then)(void))
{
	if (left > 0)
		descend(left - 1, then);
	else
		then();
	__asm__ volatile(""); // no tail call
}

static void take(void)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static void take_deep(void)
{
	descend(depth, take);
}

static void give(void)
{
	pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv)
{
	if (argc != 4 || cprof_set_block_profile_rate(1) < 0 || cprof_set_mutex_profile_fraction(1) < 0)
		return 2;
	depth = atoi(argv[1]);
	pthread_mutex_lock(&mutex);
	hold_against(take_deep, 0);
	descend(depth, give);
	join_waiter();
	if (cprof_profile_write_to(cprof_lookup("block"), cprof_to_path(argv[2]), 0) < 0 ||
			cprof_profile_write_to(cprof_lookup("mutex"), cprof_to_path(argv[3]), 0) < 0)
		return 3;
	return 0;
}
