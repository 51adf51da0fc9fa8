// SPDX-License-Identifier: MIT
// wall DIR [hidden]: threads whose wall-clock time is known, for test_wall.py: each is in a function of its own from
// start to end of the profile. On stdout: the nanoseconds between, and how often the idle poll() returned EINTR.
// hidden: where they sleep is not to be read in /proc, as in a server that gave up root (varnishd ended on the EINTRs).
#include <cprof/profile.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { DURATION_MS = 1500, NTHREADS = 5 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool is_over;
static atomic_int neintr, nready;
static int pipe_fds[2];

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

// Each goes on after what it does, so that it stays on the stack.
#define FUNCTION(name, ...)                                   \
	static __attribute__((noinline)) void name(void)      \
	{                                                     \
		nready++;                                     \
		__VA_ARGS__                                   \
		atomic_signal_fence(memory_order_seq_cst);    \
	}                                                     \
	static void *run_##name(void *arg)                    \
	{                                                     \
		name();                                       \
		atomic_signal_fence(memory_order_seq_cst);    \
		return NULL;                                  \
	}

FUNCTION(spin, while (!is_over)
		;)
FUNCTION(wait_for_lock, pthread_mutex_lock(&lock); pthread_mutex_unlock(&lock);)
// Sleeps a little at a time, in turns at two places.
FUNCTION(sleep_often, while (!is_over) { usleep(3000); })
FUNCTION(be_idle, {
	struct pollfd fd = {pipe_fds[0], POLLIN, 0};
	while (poll(&fd, 1, -1) < 0 && errno == EINTR)
		neintr++;
})
FUNCTION(alternate, while (!is_over) {
	uint64_t until_ns = now_ns() + 20000000;
	while (now_ns() < until_ns)
		;
	usleep(20000);
})

static void hide(void)
{
	enum { NOBODY = 65534 };
	if (getuid() == 0 && (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
		perror("nobody");
	prctl(PR_SET_DUMPABLE, 0);
}

int main(int argc, char **argv)
{
	static void *(*const functions[NTHREADS])(void *) = {run_spin, run_wait_for_lock, run_sleep_often, run_be_idle,
			run_alternate};
	pthread_t threads[NTHREADS];
	if (pipe(pipe_fds) != 0)
		return 1;
	if (argc > 2)
		hide();
	pthread_mutex_lock(&lock);
	for (int i = 0; i < NTHREADS; i++)
		pthread_create(&threads[i], NULL, functions[i], NULL);
	while (nready < NTHREADS)
		usleep(1000);
	uint64_t start_ns = now_ns();
	int session = cprof_profile_start(&(struct cprof_profile_options){
			.modes = CPROF_PROFILE_WALL, .path = argv[1], .quiet = true});
	while (now_ns() < start_ns + DURATION_MS * 1000000ull)
		usleep(100000);
	cprof_profile_stop(session);
	printf("%llu ", (unsigned long long)(now_ns() - start_ns));
	is_over = true;
	pthread_mutex_unlock(&lock);
	if (write(pipe_fds[1], "x", 1) != 1)
		return 1;
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d\n", neintr);
	return session > 0 ? 0 : 1;
}
