// SPDX-License-Identifier: MIT
// convoy FILE.block FILE.mutex WAITERS HOLD_MS [FRACTION]: a server whose requests take one lock after the
// other. WAITERS threads wait while the lock is held for HOLD_MS; prints what they waited.
#include <cprof/pprof.h>
#include <stdlib.h>

#include "waiting.h"

static pthread_mutex_t cache = PTHREAD_MUTEX_INITIALIZER;
static _Atomic int tids[1024];
static _Atomic uint64_t waited_ns;

static __attribute__((noinline)) void serve_request(void)
{
	uint64_t start_ns = now_ns();
	pthread_mutex_lock(&cache);
	atomic_fetch_add(&waited_ns, now_ns() - start_ns);
	pthread_mutex_unlock(&cache);
}

static void *run_worker(void *arg)
{
	atomic_store((_Atomic int *)arg, gettid());
	serve_request();
	return NULL;
}

static __attribute__((noinline)) void rebuild_cache(int nwaiters, int hold_ms)
{
	pthread_t threads[1024];
	pthread_mutex_lock(&cache);
	for (int i = 0; i < nwaiters; i++) {
		pthread_create(&threads[i], NULL, run_worker, (void *)&tids[i]);
		while (!atomic_load(&tids[i]))
			usleep(50);
		await_asleep(atomic_load(&tids[i]));
	}
	uint64_t start_ns = now_ns();
	usleep((unsigned)hold_ms * 1000);
	uint64_t held_ns = now_ns() - start_ns;
	pthread_mutex_unlock(&cache);
	for (int i = 0; i < nwaiters; i++)
		pthread_join(threads[i], NULL);
	report("serve_request", atomic_load(&waited_ns), held_ns * (uint64_t)nwaiters);
}

int main(int argc, char **argv)
{
	if (argc < 5 || atoi(argv[3]) > 1024)
		return 2;
	cprof_set_block_profile_rate(1);
	cprof_set_mutex_profile_fraction(argc > 5 ? atoi(argv[5]) : 1);
	rebuild_cache(atoi(argv[3]), atoi(argv[4]));
	cprof_set_block_profile_rate(0);
	cprof_set_mutex_profile_fraction(0);
	return cprof_profile_write_to(cprof_lookup("block"), cprof_to_path(argv[1]), 0) != 0 ||
			cprof_profile_write_to(cprof_lookup("mutex"), cprof_to_path(argv[2]), 0) != 0;
}
