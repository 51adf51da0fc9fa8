// SPDX-License-Identifier: MIT
// deep DEPTH FOLDER: waits for a mutex, releases it to somebody who waits, allocates and adds to a profile of its own,
// each DEPTH calls deep; then waits once more, not deep. FOLDER gets the profiles, the threads' while one waits.
#include <cprof/pprof.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "waiting.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct cprof_profile *custom;
static void *volatile block;
static int depth;

static __attribute__((noinline)) void descend(int left, void (*then)(void))
{
	if (left > 0)
		descend(left - 1, then);
	else
		then();
	__asm__ volatile(""); // no tail call
}

static __attribute__((noinline)) void take(void)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
}

static void take_deep(void)
{
	descend(depth, take);
	__asm__ volatile("");
}

static void take_flat(void)
{
	take();
	__asm__ volatile("");
}

static void give(void)
{
	pthread_mutex_unlock(&mutex);
}

static void allocate(void)
{
	block = malloc(1000);
	__asm__ volatile("");
}

static void add(void)
{
	cprof_profile_add(custom, &custom, 0);
	__asm__ volatile("");
}

static void write_profile(const char *folder, const char *name)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (cprof_profile_write_to(cprof_lookup(name), cprof_to_path(path), 0) < 0)
		exit(3);
}

int main(int argc, char **argv)
{
	if (argc != 3 || cprof_set_block_profile_rate(1) < 0 || cprof_set_mutex_profile_fraction(1) < 0 ||
			cprof_set_mem_profile_rate(1) < 0 || cprof_new_profile("custom", &custom) < 0)
		return 2;
	depth = atoi(argv[1]);
	descend(depth, allocate);
	descend(depth, add);
	pthread_mutex_lock(&mutex);
	hold_against(take_deep, 0);
	write_profile(argv[2], "threads");
	descend(depth, give);
	join_waiter();
	pthread_mutex_lock(&mutex);
	hold_against(take_flat, 0);
	give();
	join_waiter();
	static const char *const names[] = {"block", "mutex", "heap", "custom"};
	for (int i = 0; i < 4; i++)
		write_profile(argv[2], names[i]);
	return block == NULL;
}
