// SPDX-License-Identifier: MIT
// forks FILE.block FILE.mutex: forks while other threads wait and hold, with both profiles on. The child has a
// waiter of its own; its profile (FILE.child) has that and nothing of its parent's.
#include <cprof/pprof.h>
#include <sys/wait.h>

#include "waiting.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, other = PTHREAD_MUTEX_INITIALIZER;

WAITER(in_parent, pthread_mutex_lock(&mutex), pthread_mutex_unlock(&mutex))
WAITER(in_child, pthread_mutex_lock(&other), pthread_mutex_unlock(&other))

static int write_both(const char *block, const char *mutex_file)
{
	return cprof_profile_write_to(cprof_lookup("block"), cprof_to_path(block), 0) != 0 ||
			cprof_profile_write_to(cprof_lookup("mutex"), cprof_to_path(mutex_file), 0) != 0;
}

static __attribute__((noinline)) void hold(pthread_mutex_t *m, void (*waiter)(void))
{
	pthread_mutex_lock(m);
	hold_against(waiter, 0);
	pthread_mutex_unlock(m);
	join_waiter();
}

static __attribute__((noinline)) int run_child(char **argv)
{
	char paths[2][4096];
	for (int i = 0; i < 2; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s.child", argv[1 + i]);
	pthread_mutex_unlock(&mutex); // the thread that waits for it is not here
	hold(&other, in_child);
	return write_both(paths[0], paths[1]);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	cprof_set_block_profile_rate(1);
	cprof_set_mutex_profile_fraction(1);
	hold(&mutex, in_parent);
	pthread_mutex_lock(&mutex);
	hold_against(in_parent, 0);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		int rc = run_child(argv);
		fflush(stdout);
		_exit(rc);
	}
	int status;
	waitpid(child, &status, 0);
	pthread_mutex_unlock(&mutex);
	join_waiter();
	return write_both(argv[1], argv[2]) || status != 0;
}
