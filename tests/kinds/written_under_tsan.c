// SPDX-License-Identifier: MIT
// Profiles that two threads write at once, of two that contend, in a program built with ThreadSanitizer: its locks go
// on being seen, and it takes nothing of ours for a race. It ends the program by an error status where it does.
// Then a session with all modes: what it keeps from one profile to the next goes from thread to thread.
#include <cprof/pprof.h>
#include <cprof/profile.h>
#include <cprof/trace.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 4, LOCKS = 20000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter; // of mutex

static void *contend(void *arg)
{
	for (int i = 0; i < LOCKS; i++) {
		CPROF_TRACE_REGION("locked");
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

/** False: not all of it went well. */
static bool run_all(void *(*const work[4])(void *))
{
	pthread_t threads[4];
	void *failed = NULL;
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work[i], &mutex);
	for (int i = 0; i < 4; i++) {
		void *result;
		pthread_join(threads[i], &result);
		failed = result ? result : failed;
	}
	return !failed;
}

static bool run_session(void *(*const work[4])(void *))
{
	static const char *const files[] = {"allocs.pprof", "block.pprof", "clock.pprof", "cpu.pprof",
			"goroutine.pprof", "mem.pprof", "mutex.pprof", "syscall.pprof", "threadcreation.pprof",
			"trace.out"};
	char folder[] = "/tmp/cprof-tsan-XXXXXX", path[64];
	struct cprof_profile_options all = {.modes = 2 * CPROF_PROFILE_TRACE - 1, .quiet = true};
	all.path = mkdtemp(folder);
	int session = all.path ? cprof_profile_start(&all) : -1;
	bool is_right = session > 0 && run_all(work) && cprof_profile_stop(session) == 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		is_right &= unlink(path) == 0;
	}
	return rmdir(folder) == 0 && is_right;
}

int main(void)
{
	void *(*const work[])(void *) = {contend, contend, write_all, write_all};
	cprof_set_block_profile_rate(1);
	cprof_set_mutex_profile_fraction(1);
	if (cprof_start_cpu_profile(cprof_to_path("/dev/null")) != 0)
		return 2;
	bool is_right = run_all(work);
	is_right &= cprof_stop_cpu_profile() == 0;
	is_right &= run_session(work);
	return !is_right || counter != 4 * LOCKS;
}
