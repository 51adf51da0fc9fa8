// SPDX-License-Identifier: MIT
// See workload.h. Stands in no profile's way: no threads, no signals, no allocation while it runs.
#include "workload.h"

#include <stdarg.h>
#include <time.h>

// Compiled so, the program is not linked with libcprof: somebody else brings it, or nobody.
#ifdef WORKLOAD_UNLINKED
#pragma weak cprof_set_cpu_profile_rate
#pragma weak cprof_set_cpu_engine
#pragma weak cprof_to_path
#pragma weak cprof_start_cpu_profile
#pragma weak cprof_stop_cpu_profile
#endif

static struct work *works;
static int64_t start_ns, total_ns;
static enum cprof_cpu_engine engine;
static const char *out;

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int64_t thread_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t process_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

// Some 20 us between two looks at the clock: a system call, where some engines cannot sample.
static uint64_t churn(uint64_t x)
{
	for (int i = 0; i < 8000; i++)
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	return x;
}

__attribute__((noinline)) void spin(struct work *w, double ms)
{
	static _Thread_local volatile uint64_t sink;
	int64_t before = thread_cpu_ns(), now = before, until = before + (int64_t)(ms * 1e6);

	for (; now < until; now = thread_cpu_ns())
		sink = churn(sink);
	atomic_fetch_add_explicit(&w->ns, now - before, memory_order_relaxed);
}

void work_register(struct work *w)
{
	w->next = works;
	works = w;
}

void say(const char *fmt, ...)
{
	char line[256];
	va_list args;

	va_start(args, fmt);
	int size = vsnprintf(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	line[size++] = '\n';
	while (size > 0 && write(1, line, (size_t)size) < 0 && errno == EINTR)
		;
}

_Noreturn void workload_fail(const char *file, int line, const char *condition)
{
	int error = errno;
	dprintf(2, "%s:%d: %s does not hold (errno: %s)\n", file, line, condition, strerror(error));
	_exit(1);
}

static enum cprof_cpu_engine engine_of(const char *name)
{
	static const char *const names[] = {"auto", "timer", "perf", "itimer"};
	for (int i = 0; i < 4; i++) {
		if (!strcmp(name, names[i]))
			return (enum cprof_cpu_engine)i;
	}
	fprintf(stderr, "no such engine: %s\n", name);
	exit(2);
}

void workload_start(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: %s OUT HZ ENGINE [ARGUMENT...]\n", argv[0]);
		exit(2);
	}
	out = argv[1];
	engine = engine_of(argv[3]);
	if (strcmp(out, "-")) {
		MUST(cprof_set_cpu_profile_rate(atoi(argv[2])) == 0);
		MUST(workload_restart(out) == 0);
	}
	start_ns = process_cpu_ns();
}

int workload_restart(const char *path)
{
	MUST(cprof_set_cpu_engine(engine) == 0);
	return cprof_start_cpu_profile(cprof_to_path(path));
}

int workload_stop_profile(void)
{
	total_ns = process_cpu_ns() - start_ns;
	return strcmp(out, "-") ? cprof_stop_cpu_profile() : 0;
}

void workload_print_truth(void)
{
	say("total %lld", (long long)total_ns);
	for (struct work *w = works; w; w = w->next)
		say("truth %s %lld", w->name, (long long)w->ns);
}

void workload_stop(void)
{
	MUST(workload_stop_profile() == 0);
	workload_print_truth();
}

pthread_t start_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	MUST(pthread_create(&t, NULL, fn, arg) == 0);
	return t;
}

void join_thread(pthread_t t)
{
	MUST(pthread_join(t, NULL) == 0);
}
