// SPDX-License-Identifier: MIT
// semantics on|off: every result of every kind of lock, in the order a fixed program meets them, printed. With
// the profiles on it must say, and do, what it does with them off.
#include <cprof/pprof.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const char *part;

#define SAY(call) printf("%s: %s = %d\n", part, #call, (call))
#define SAY_ERRNO(call)                                                         \
	do {                                                                    \
		errno = 77;                                                     \
		int rc_ = (call);                                               \
		printf("%s: %s = %d errno %d\n", part, #call, rc_, errno);      \
	} while (0)

static const struct timespec past = {1, 0}, invalid = {1, 2000000000};

static void make_mutex(pthread_mutex_t *m, int type, int protocol, int robust, int shared)
{
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, type);
	pthread_mutexattr_setprotocol(&attr, protocol);
	pthread_mutexattr_setrobust(&attr, robust);
	pthread_mutexattr_setpshared(&attr, shared);
	pthread_mutex_init(m, &attr);
	pthread_mutexattr_destroy(&attr);
}

static void *use_as_other(void *arg)
{
	pthread_mutex_t *m = arg;
	SAY(pthread_mutex_trylock(m));
	SAY(pthread_mutex_timedlock(m, &past));
	SAY(pthread_mutex_timedlock(m, &invalid));
	SAY(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &past));
	SAY(pthread_mutex_clocklock(m, CLOCK_PROCESS_CPUTIME_ID, &past));
	return NULL;
}

static void on_other_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	pthread_create(&t, NULL, fn, arg);
	pthread_join(t, NULL);
}

static void *lock_and_die(void *arg)
{
	pthread_mutex_lock(arg);
	return NULL;
}

static void use_mutex(const char *name, pthread_mutex_t *m, int may_relock)
{
	part = name;
	int rc = pthread_mutex_clocklock(m, CLOCK_PROCESS_CPUTIME_ID, &past); // free, and refused all the same
	SAY(rc);
	if (rc == 0)
		pthread_mutex_unlock(m);
	SAY(pthread_mutex_lock(m));
	on_other_thread(use_as_other, m);
	if (may_relock) {
		SAY(pthread_mutex_lock(m));
		SAY(pthread_mutex_timedlock(m, &past));
		SAY(pthread_mutex_trylock(m));
		SAY(pthread_mutex_unlock(m));
		SAY(pthread_mutex_unlock(m));
		SAY(pthread_mutex_unlock(m));
		SAY(pthread_mutex_unlock(m));
	}
	SAY(pthread_mutex_unlock(m));
	SAY(pthread_mutex_destroy(m));
}

static void use_mutexes(void)
{
	static const int types[] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
			PTHREAD_MUTEX_ADAPTIVE_NP};
	static const int protocols[] = {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT};
	char name[64];
	for (int type = 0; type < 4; type++)
		for (int protocol = 0; protocol < 2; protocol++)
			for (int robust = 0; robust < 2; robust++)
				for (int shared = 0; shared < 2; shared++) {
					pthread_mutex_t m;
					snprintf(name, sizeof(name), "type %d protocol %d robust %d shared %d", type,
							protocol, robust, shared);
					make_mutex(&m, types[type], protocols[protocol], robust, shared);
					use_mutex(name, &m, type == 1 || type == 2);
				}
}

/** Its word is not zero when it is free. A thread without the right to its priority is refused. */
static void use_ceiling(void)
{
	pthread_mutex_t m;
	part = "ceiling";
	make_mutex(&m, PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_PROTECT, 0, 0);
	for (int i = 0; i < 2; i++) {
		int rc = pthread_mutex_lock(&m);
		SAY(rc);
		if (rc == 0)
			SAY(pthread_mutex_unlock(&m));
	}
}

static void use_robust(void)
{
	static const int protocols[] = {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT};
	for (int i = 0; i < 2; i++) {
		pthread_mutex_t m;
		part = i ? "robust inheriting" : "robust";
		make_mutex(&m, PTHREAD_MUTEX_NORMAL, protocols[i], PTHREAD_MUTEX_ROBUST, 0);
		on_other_thread(lock_and_die, &m);
		SAY(pthread_mutex_lock(&m));
		SAY(pthread_mutex_consistent(&m));
		SAY(pthread_mutex_unlock(&m));
		on_other_thread(lock_and_die, &m);
		SAY(pthread_mutex_lock(&m));
		SAY(pthread_mutex_unlock(&m));
		SAY(pthread_mutex_lock(&m));
	}
}

/** A process-shared robust mutex whose owner, another process, was killed holding it. */
static void use_shared(void)
{
	part = "shared";
	pthread_mutex_t *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make_mutex(m, PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_SHARED);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		pthread_mutex_lock(m);
		usleep(20000);
		raise(SIGKILL);
	}
	int status;
	while (pthread_mutex_trylock(m) != EBUSY) {
		pthread_mutex_unlock(m);
		usleep(100);
	}
	SAY(pthread_mutex_lock(m)); // waits for the end of the child
	waitpid(child, &status, 0);
	SAY(pthread_mutex_consistent(m));
	SAY(pthread_mutex_unlock(m));
}

static void use_rwlock(void)
{
	pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
	part = "rwlock";
	SAY(pthread_rwlock_wrlock(&l));
	SAY(pthread_rwlock_rdlock(&l)); // EDEADLK
	SAY(pthread_rwlock_wrlock(&l));
	SAY(pthread_rwlock_timedrdlock(&l, &past));
	SAY(pthread_rwlock_timedrdlock(&l, &invalid));
	SAY(pthread_rwlock_unlock(&l));
	SAY(pthread_rwlock_timedwrlock(&l, &invalid));
	SAY(pthread_rwlock_clockwrlock(&l, CLOCK_PROCESS_CPUTIME_ID, &past));
	SAY(pthread_rwlock_clockrdlock(&l, CLOCK_MONOTONIC, &past)); // free: no wait
	SAY(pthread_rwlock_timedwrlock(&l, &past));
	SAY(pthread_rwlock_unlock(&l));
}

static void nothing(int sig)
{
	(void)sig;
}

static void use_semaphore(void)
{
	sem_t s;
	sem_init(&s, 0, 3);
	part = "semaphore";
	SAY_ERRNO(sem_wait(&s));
	SAY_ERRNO(sem_timedwait(&s, &invalid));
	SAY_ERRNO(sem_timedwait(&s, &past));
	SAY_ERRNO(sem_clockwait(&s, CLOCK_MONOTONIC, &past));
	SAY_ERRNO(sem_timedwait(&s, &past));
	struct sigaction action = {.sa_handler = nothing}; // no SA_RESTART
	sigaction(SIGALRM, &action, NULL);
	ualarm(20000, 20000);
	SAY_ERRNO(sem_wait(&s));
	ualarm(0, 0);
}

static void use_cond(void)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	part = "cond";
	pthread_mutex_lock(&m);
	SAY(pthread_cond_timedwait(&c, &m, &past));
	SAY(pthread_cond_timedwait(&c, &m, &invalid));
	SAY(pthread_cond_clockwait(&c, &m, CLOCK_MONOTONIC, &past));
	pthread_mutex_unlock(&m);
}

/** A semaphore's wait is a cancellation point, and pthread_cond_wait holds the mutex again in the cleanup. */
static void unlock(void *m)
{
	printf("%s: cleanup unlocks = %d\n", part, pthread_mutex_unlock(m));
}

static void *wait_for_ever(void *arg)
{
	static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	pthread_mutex_lock(arg);
	pthread_cleanup_push(unlock, arg);
	for (;;)
		pthread_cond_wait(&c, arg);
	pthread_cleanup_pop(0);
	return NULL;
}

static void *take_for_ever(void *arg)
{
	for (;;) {
		sem_post(arg);
		sem_wait(arg);
	}
	return NULL;
}

static void cancel(void)
{
	static pthread_mutex_t m;
	static sem_t s;
	void *result;
	pthread_t t;
	make_mutex(&m, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, 0, 0);
	sem_init(&s, 0, 0);
	part = "cancelled";
	pthread_create(&t, NULL, wait_for_ever, &m);
	usleep(10000);
	int rc = pthread_cancel(t); // said when the other says nothing any more
	SAY(pthread_join(t, &result));
	SAY(rc);
	SAY(result == PTHREAD_CANCELED);
	pthread_create(&t, NULL, take_for_ever, &s);
	SAY(pthread_cancel(t));
	SAY(pthread_join(t, &result));
	SAY(pthread_join(pthread_self(), &result));
}

static void *sleep_a_while(void *arg)
{
	usleep(10000);
	return arg;
}

/** What no wait looks at may be wrong, or not be there. */
static void use_join(void)
{
	void *result;
	pthread_t t;
	part = "join";
	for (int is_over = 0; is_over < 2; is_over++) {
		pthread_create(&t, NULL, sleep_a_while, NULL);
		if (is_over)
			usleep(50000);
		SAY(pthread_clockjoin_np(t, &result, CLOCK_MONOTONIC, NULL));
		pthread_create(&t, NULL, sleep_a_while, NULL);
		if (is_over)
			usleep(50000);
		SAY(pthread_timedjoin_np(t, &result, NULL));
		pthread_create(&t, NULL, sleep_a_while, NULL);
		usleep(50000);
		SAY(pthread_timedjoin_np(t, &result, &invalid));
		SAY(pthread_tryjoin_np(t, &result) == 0);
	}
}

static void use_c11(void)
{
	mtx_t m;
	part = "c11";
	mtx_init(&m, mtx_recursive | mtx_timed);
	SAY(mtx_lock(&m));
	SAY(mtx_lock(&m));
	SAY(mtx_timedlock(&m, &past));
	SAY(mtx_unlock(&m));
	SAY(mtx_unlock(&m));
	SAY(mtx_unlock(&m));
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "on") == 0 &&
			(cprof_set_block_profile_rate(1) != 0 || cprof_set_mutex_profile_fraction(1) != 0))
		return 1;
	use_mutexes();
	use_ceiling();
	use_robust();
	use_shared();
	use_rwlock();
	use_semaphore();
	use_cond();
	cancel();
	use_join();
	use_c11();
	return 0;
}
