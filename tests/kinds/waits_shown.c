// SPDX-License-Identifier: MIT
// A thread that waits is shown as if nobody stood in for what it waits in: its stack is the same with the block and
// the syscall profile and lock sites on as without. With them on it is not woken to be looked at, also where it has
// frame pointers: of these /proc tells nothing, so each dump interrupted it, and what it waited for had just begun.
#include <cprof/pprof.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "sink.h"
#include "tests/unit/unit.h"

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER;
static pthread_spinlock_t spun;
static mtx_t c11_held;
static sem_t sem;
static int pipe_fds[2], epoll_fd, word;
static const struct timespec far = {.tv_sec = INT32_MAX};
static struct timespec rest;
static char byte;
static struct pollfd poll_fd;
static struct epoll_event event;

/** A thread's function that waits for ever, by the expression. */
#define WAITER(name, wait)                                                      \
	static __attribute__((noinline)) void *name(void *arg)                  \
	{                                                                       \
		pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;                  \
		pthread_cond_t cond;                                            \
		pthread_barrier_t barrier;                                      \
		mtx_t mtx;                                                      \
		cnd_t cnd;                                                      \
		pthread_cond_init(&cond, NULL);                                 \
		mtx_init(&mtx, mtx_plain);                                      \
		cnd_init(&cnd);                                                 \
		pthread_barrier_init(&barrier, NULL, 2);                        \
		pthread_mutex_lock(&m);                                         \
		mtx_lock(&mtx);                                                 \
		pthread_setname_np(pthread_self(), #name);                      \
		volatile long result = (long)(wait);                            \
		(void)result;                                                   \
		return arg;                                                     \
	}

WAITER(w_cond_wait, pthread_cond_wait(&cond, &m))
WAITER(w_cond_timed, pthread_cond_timedwait(&cond, &m, &far))
WAITER(w_cond_clock, pthread_cond_clockwait(&cond, &m, CLOCK_MONOTONIC, &far))
WAITER(w_cnd_wait, cnd_wait(&cnd, &mtx))
WAITER(w_cnd_timed, cnd_timedwait(&cnd, &mtx, &far))
WAITER(w_mutex, pthread_mutex_lock(&held))
WAITER(w_mutex_timed, pthread_mutex_timedlock(&held, &far))
WAITER(w_mutex_clock, pthread_mutex_clocklock(&held, CLOCK_MONOTONIC, &far))
WAITER(w_mtx, mtx_lock(&c11_held))
WAITER(w_mtx_timed, mtx_timedlock(&c11_held, &far))
WAITER(w_rdlock, pthread_rwlock_rdlock(&written))
WAITER(w_rdlock_timed, pthread_rwlock_timedrdlock(&written, &far))
WAITER(w_wrlock, pthread_rwlock_wrlock(&written))
WAITER(w_wrlock_clock, pthread_rwlock_clockwrlock(&written, CLOCK_MONOTONIC, &far))
WAITER(w_spin, pthread_spin_lock(&spun))
WAITER(w_sem, sem_wait(&sem))
WAITER(w_sem_timed, sem_timedwait(&sem, &far))
WAITER(w_barrier, pthread_barrier_wait(&barrier))
WAITER(w_join, pthread_join(*(pthread_t *)arg, NULL))
WAITER(w_join_timed, pthread_timedjoin_np(*(pthread_t *)arg, NULL, &far))
WAITER(w_futex, syscall(SYS_futex, &word, 0, 0, NULL))
WAITER(w_read, read(pipe_fds[0], &byte, 1))
WAITER(w_poll, poll(&poll_fd, 1, -1))
WAITER(w_select, select(0, NULL, NULL, NULL, NULL))
WAITER(w_epoll, epoll_wait(epoll_fd, &event, 1, -1))
WAITER(w_nanosleep, nanosleep(&far, &rest))
WAITER(w_sleep, sleep(INT32_MAX))
WAITER(w_pause, pause())

#if defined(__x86_64__) && !defined(WITHOUT_OLD_VERSIONS)
__asm__(".symver old_cond_wait, pthread_cond_wait@GLIBC_2.2.5");
__asm__(".symver old_cond_timedwait, pthread_cond_timedwait@GLIBC_2.2.5");
int old_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int old_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *until);

WAITER(w_cond_old, old_cond_wait(&cond, &m))
WAITER(w_cond_old_t, old_cond_timedwait(&cond, &m, &far))
#endif

static const struct waiter {
	const char *name;
	void *(*run)(void *);
	const char *state; // once it waits
} waiters[] = {
#define FUTEX(name) {#name, name, "futex 0x"}
	FUTEX(w_cond_wait), FUTEX(w_cond_timed), FUTEX(w_cond_clock), FUTEX(w_cnd_wait), FUTEX(w_cnd_timed),
#if defined(__x86_64__) && !defined(WITHOUT_OLD_VERSIONS)
	FUTEX(w_cond_old), FUTEX(w_cond_old_t),
#endif
	FUTEX(w_mutex), FUTEX(w_mutex_timed), FUTEX(w_mutex_clock), FUTEX(w_mtx), FUTEX(w_mtx_timed), FUTEX(w_rdlock),
	FUTEX(w_rdlock_timed), FUTEX(w_wrlock), FUTEX(w_wrlock_clock), FUTEX(w_sem), FUTEX(w_sem_timed),
	FUTEX(w_barrier), FUTEX(w_join), FUTEX(w_join_timed), FUTEX(w_futex),
	{"w_read", w_read, "read fd"}, {"w_poll", w_poll, "poll"}, {"w_select", w_select, "select"},
	{"w_epoll", w_epoll, "epoll_wait fd"}, {"w_nanosleep", w_nanosleep, "sleep"}, {"w_sleep", w_sleep, "sleep"},
	{"w_pause", w_pause, "pause"}, {"w_spin", w_spin, "running]:\npthread_spin_lock"},
};

enum { NWAITERS = sizeof(waiters) / sizeof(waiters[0]), STACK_BYTES = 1024 };

typedef char stack_text[STACK_BYTES];

/** The names in a block of the dump, one a line, without their offsets and places. */
static void put_names(stack_text out, const char *block)
{
	size_t len = 0;
	for (const char *line = block; strncmp(line, "created by", 10) != 0; line += strcspn(line, "\n") + 1) {
		if (line != block && *line != '\t')
			len += (size_t)snprintf(out + len, STACK_BYTES - len, "%.*s\n", (int)strcspn(line, "+\n"),
					line);
	}
}

/** Takes the stacks, of those not taken yet, of those who wait; returns how many are still missing. */
static int take_waiting(stack_text *stacks)
{
	char head[64];
	int nmissing = 0;
	char *text = profile_text(cprof_lookup("threads"), 2);
	for (int i = 0; i < NWAITERS; i++) {
		snprintf(head, sizeof(head), " \"%s\" [%s", waiters[i].name, waiters[i].state);
		const char *block = strstr(text, head);
		if (block && !stacks[i][0])
			put_names(stacks[i], block);
		nmissing += !stacks[i][0];
	}
	free(text);
	return nmissing;
}

static void start_waiters(int rate)
{
	static pthread_t self;
	pthread_t t;
	self = pthread_self();
	cprof_set_block_profile_rate(rate);
	cprof_set_mutex_profile_fraction(rate);
	cprof_set_syscall_profile_rate(rate);
	for (int i = 0; i < NWAITERS; i++)
		ck_assert_int_eq(pthread_create(&t, NULL, waiters[i].run, &self), 0);
}

static void wait_for(pid_t child)
{
	int status;
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

/** The stacks of all waiters in a process whose profiles have these rates. */
static __attribute__((unused)) void take_stacks(int rate, stack_text *out)
{
	pid_t child = fork();
	if (child == 0) {
		cprof_set_lock_sites(rate > 0);
		start_waiters(rate);
		while (take_waiting(out) > 0)
			usleep(2000);
		_exit(0);
	}
	wait_for(child);
}

static void make_what_is_waited_for(void)
{
	pthread_mutex_lock(&held);
	pthread_rwlock_wrlock(&written);
	pthread_spin_init(&spun, PTHREAD_PROCESS_PRIVATE);
	pthread_spin_lock(&spun);
	mtx_init(&c11_held, mtx_timed);
	mtx_lock(&c11_held);
	sem_init(&sem, 0, 0);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	epoll_fd = epoll_create1(0);
	poll_fd = (struct pollfd){pipe_fds[0], POLLIN, 0};
}

#if defined(WITH_FRAME_POINTERS)

enum { PAUSE_MS = 100 };

/** For how long the waiter has waited, as the dump says; 0: for no time worth mentioning. */
static long waited_ms(const char *text, const char *name)
{
	char head[64];
	snprintf(head, sizeof(head), " \"%s\" [", name);
	const char *block = strstr(text, head);
	ck_assert_ptr_nonnull(block);
	const char *end = strstr(block, "]:\n"), *at = end;
	while (at > block && *at != ',')
		at--;
	long number = atol(at + 2);
	return strncmp(end - 3, " ms", 3) == 0 ? number : strncmp(end - 2, " s", 2) == 0 ? 1000 * number : 0;
}

static const char *const owned[] = {
	"\"w_mutex\"", "\"w_mutex_timed\"", "\"w_mutex_clock\"", "\"w_mtx\"", "\"w_mtx_timed\"", "\"w_rdlock\"",
	"\"w_rdlock_timed\"", "\"w_wrlock\"", "\"w_wrlock_clock\""};

/** Whom a dump wakes has never waited for longer than since the one before. One that only begins to wait when the
 *  machine lets it, may have after the next. */
static bool has_waited_through(const char *before, const char *after, const char *name)
{
	long waited_before_ms = waited_ms(before, name), waited_after_ms = waited_ms(after, name);
	return waited_after_ms >= waited_before_ms + PAUSE_MS || waited_after_ms >= 1000; // then it tells no ms
}

static void expect_nobody_is_woken(void)
{
	int nwaiting = 0;
	char *before = profile_text(cprof_lookup("threads"), 2), *after = NULL;
	for (int tries = 0; tries < 50 && nwaiting < NWAITERS - 1; tries++) { // the last one spins
		usleep(PAUSE_MS * 1000);
		after = profile_text(cprof_lookup("threads"), 2);
		nwaiting = 0;
		for (int i = 0; i < NWAITERS - 1; i++)
			nwaiting += has_waited_through(before, after, waiters[i].name);
		free(before);
		before = after;
	}
	ck_assert_int_eq(nwaiting, NWAITERS - 1);
	free(after);
}

static void expect_owners(void)
{
	char *text = profile_text(cprof_lookup("threads"), 2);
	for (size_t i = 0; i < sizeof(owned) / sizeof(*owned); i++) {
		const char *block = strstr(text, owned[i]);
		ck_assert_ptr_nonnull(block);
		ck_assert_ptr_nonnull(strstr(block, " held by thread "));
		ck_assert(strstr(block, " held by thread ") < strchr(block, '\n'));
	}
	free(text);
}

START_TEST(who_waits_is_not_woken)
{
	make_what_is_waited_for();
	pid_t child = fork();
	if (child == 0) {
		stack_text stacks[NWAITERS] = {0};
		start_waiters(1);
		while (take_waiting(stacks) > 0)
			usleep(2000);
		expect_nobody_is_woken();
		memset(stacks, 0, sizeof(stacks));
		take_waiting(stacks);
		for (int i = 0; i < NWAITERS - 1; i++)
			ck_assert_ptr_nonnull(strstr(stacks[i], waiters[i].name));
		expect_owners();
		_exit(0);
	}
	wait_for(child);
}
END_TEST

UNIT_MAIN("waits with frame pointers", who_waits_is_not_woken)

#else

START_TEST(who_waits_is_shown_as_if_nobody_stood_between)
{
	stack_text *stacks = mmap(NULL, 2 * NWAITERS * sizeof(*stacks), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make_what_is_waited_for();
	take_stacks(0, stacks);
	take_stacks(1, stacks + NWAITERS);
	for (int i = 0; i < NWAITERS; i++) {
		ck_assert_ptr_nonnull(strstr(stacks[i], waiters[i].name));
		ck_assert_str_eq(stacks[NWAITERS + i], stacks[i]);
	}
}
END_TEST

UNIT_MAIN("waits shown", who_waits_is_shown_as_if_nobody_stood_between)

#endif
