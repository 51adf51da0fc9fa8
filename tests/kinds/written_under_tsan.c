// SPDX-License-Identifier: MIT
// Profiles that two threads write at once, of two that contend, in a program built with ThreadSanitizer: its locks go
// on being seen, and it takes nothing of ours for a race. It ends the program by an error status where it does.
#include <cprof/pprof.h>
#include <pthread.h>
#include <stdio.h>

enum { ROUNDS = 4, LOCKS = 20000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter; // of mutex

static void *contend(void *arg)
{
	for (int i = 0; i < LOCKS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void *write_all(void *arg)
{
	static const char *const names[] = {"block", "mutex", "threads", "threadcreate", "syscall"};
	for (size_t i = 0; i < ROUNDS * sizeof(names) / sizeof(names[0]); i++) {
		const char *name = names[i / ROUNDS];
		int rc = cprof_profile_write_to(cprof_lookup(name), cprof_to_path("/dev/null"), (int)(i % 2));
		if (rc != 0) {
			fprintf(stderr, "%s: %s\n", name, cprof_strerror(rc));
			return arg;
		}
	}
	return NULL;
}

int main(void)
{
	void *(*const work[])(void *) = {contend, contend, write_all, write_all};
	pthread_t threads[4];
	void *failed = NULL;
	cprof_set_block_profile_rate(1);
	cprof_set_mutex_profile_fraction(1);
	if (cprof_start_cpu_profile(cprof_to_path("/dev/null")) != 0)
		return 2;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work[i], &mutex);
	for (int i = 0; i < 4; i++) {
		void *result;
		pthread_join(threads[i], &result);
		failed = result ? result : failed;
	}
	return cprof_stop_cpu_profile() != 0 || failed || counter != 2 * LOCKS;
}
