// SPDX-License-Identifier: MIT
// Threads that do at random, and all at once, what profilers stumble over: storm PLUGIN NTURNS
//
// They fork, load and unload PLUGIN, start, cancel and wait for threads, switch stacks, allocate, lock, wait, and
// start programs. Each makes sure that what it does has gone as it does without a profiler, or aborts. Ends with
// status 5.
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { NTHREADS = 6, NBLOCKS = 300, STACK_BYTES = 64 << 10, CHILD_STATUS = 7, STATUS = 5 };

#define MUST(condition)                                                                                  \
	do {                                                                                             \
		if (!(condition)) {                                                                      \
			fprintf(stderr, "%s: line %d, errno %d\n", #condition, __LINE__, errno);         \
			abort();                                                                         \
		}                                                                                        \
	} while (0)

struct worker {
	pthread_t thread;
	uint32_t seed;
	void *blocks[NBLOCKS];
	ucontext_t here, other;
	char stack[STACK_BYTES];
};

static const char *plugin;
static int nturns;
static struct worker workers[NTHREADS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static atomic_int nsignals;

static uint32_t draw(struct worker *w, uint32_t limit)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (w->seed >> 8) % limit;
}

/// What is done

static void allocate(struct worker *w)
{
	for (int i = 0; i < 200; i++) {
		void **block = &w->blocks[draw(w, NBLOCKS)];
		size_t bytes = draw(w, 5000) + 1;
		MUST(!*block || *(char *)*block == 'x');
		if (i % 8 == 0) {
			*block = realloc(*block, bytes);
		} else {
			free(*block);
			*block = malloc(bytes);
		}
		*(char *)*block = 'x';
	}
}

static void *answer(void *arg)
{
	free(malloc((size_t)(uintptr_t)arg));
	return (void *)((uintptr_t)arg + 1);
}

static void start_thread(struct worker *w)
{
	pthread_t thread;
	void *result, *arg = (void *)(uintptr_t)draw(w, 1000);
	MUST(pthread_create(&thread, NULL, answer, arg) == 0 && pthread_join(thread, &result) == 0);
	MUST((uintptr_t)result == (uintptr_t)arg + 1);
}

static void *sleep_for_ever(void *arg)
{
	while (!arg)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return NULL;
}

static void cancel_thread(struct worker *w)
{
	pthread_t thread;
	void *result;
	MUST(pthread_create(&thread, NULL, sleep_for_ever, NULL) == 0);
	nanosleep(&(struct timespec){.tv_nsec = draw(w, 1500000)}, NULL);
	MUST(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

static void expect_status(pid_t pid, int expected)
{
	int status = -1;
	MUST(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status))
		fprintf(stderr, "a child died of signal %d\n", WTERMSIG(status));
	MUST(WIFEXITED(status) && WEXITSTATUS(status) == expected);
}

static void fork_child(struct worker *w)
{
	pid_t pid = fork();
	if (pid == 0) {
		alarm(30); // where it hangs
		free(malloc(draw(w, 1000)));
		_exit(CHILD_STATUS);
	}
	expect_status(pid, CHILD_STATUS);
}

static void load(struct worker *w)
{
	void *handle = dlopen(plugin, RTLD_NOW);
	MUST(handle && dlsym(handle, "plugin_keep"));
	dlclose(handle);
}

static void start_program(struct worker *w)
{
	static char name[] = "true", *const argv[] = {name, NULL};
	pid_t pid;
	MUST(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0);
	expect_status(pid, 0);
	pid = vfork();
	if (pid == 0) {
		execv("/bin/true", argv);
		_exit(1);
	}
	expect_status(pid, 0);
}

static void yield_back(uint32_t index)
{
	struct worker *w = &workers[index];
	for (;;) {
		free(malloc(draw(w, 3000)));
		swapcontext(&w->other, &w->here);
	}
}

static void switch_stacks(struct worker *w)
{
	getcontext(&w->other);
	w->other.uc_stack.ss_sp = w->stack;
	w->other.uc_stack.ss_size = STACK_BYTES;
	makecontext(&w->other, (void (*)(void))yield_back, 1, (uint32_t)(w - workers));
	for (int i = 0; i < 5; i++)
		swapcontext(&w->here, &w->other);
}

static void wait_in_vain(struct worker *w)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 500000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&mutex);
	int ret = pthread_cond_timedwait(&never, &mutex, &until);
	pthread_mutex_unlock(&mutex);
	MUST(ret == ETIMEDOUT || ret == 0);
	MUST(poll(NULL, 0, 1) == 0 || errno == EINTR);
}

static void map_and_unmap(struct worker *w)
{
	size_t bytes = (1 + draw(w, 8)) * 4096;
	char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(pages != MAP_FAILED);
	memset(pages, 1, bytes);
	MUST(munmap(pages, bytes) == 0);
}

static void count_signal(int sig)
{
	nsignals++;
}

static void signal_itself(struct worker *w)
{
	int before = nsignals;
	MUST(pthread_kill(pthread_self(), SIGUSR1) == 0 && nsignals > before);
}

/// The storm

static void (*const actions[])(struct worker *w) = {allocate, allocate, start_thread, cancel_thread, fork_child,
		fork_child, load, load, start_program, switch_stacks, wait_in_vain, map_and_unmap, signal_itself};

static void *work(void *arg)
{
	struct worker *w = arg;
	for (int i = 0; i < nturns; i++)
		actions[draw(w, sizeof(actions) / sizeof(*actions))](w);
	for (int i = 0; i < NBLOCKS; i++)
		free(w->blocks[i]);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	plugin = argv[1];
	nturns = atoi(argv[2]);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = count_signal, .sa_flags = SA_RESTART}, NULL);
	for (int i = 0; i < NTHREADS; i++) {
		workers[i].seed = (uint32_t)(getpid() * NTHREADS + i);
		MUST(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
	}
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(workers[i].thread, NULL);
	return STATUS;
}
