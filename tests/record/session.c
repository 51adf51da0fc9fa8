// SPDX-License-Identifier: MIT
// session HOW DIR: programs with one line of <cprof/profile.h>, as test_session.py wants them.
#include <cprof/pprof.h>
#include <cprof/profile.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WITH(...) cprof_profile_start(&(struct cprof_profile_options){.path = directory, __VA_ARGS__})

enum { ALL = 2 * CPROF_PROFILE_TRACE - 1, WORK_MS = 300 };

static const char *directory;

/** 300 ms of CPU time, and 1000 blocks of 1000 bytes. */
__attribute__((noinline)) static void work(void)
{
	static void *blocks[1000];
	struct timespec now;
	for (int i = 0; i < 1000; i++)
		blocks[i] = malloc(1000);
	__asm__ volatile("" ::"r"(blocks) : "memory");
	do {
		for (volatile int i = 0; i < 100000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	} while (now.tv_sec == 0 && now.tv_nsec < WORK_MS * 1000000);
}

static void say(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

static volatile sig_atomic_t was_handled;

static void on_signal(int sig)
{
	was_handled = 1;
	say("handler\n");
}

/** Signals come while it polls, not before. */
static void wait_for_ever(void)
{
	sigset_t ends, before;
	int ret;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	say("ready\n");
	do
		ret = ppoll(NULL, 0, NULL, &before); // a tick of the CPU profile may interrupt it, too
	while (!was_handled && ret < 0 && errno == EINTR);
	sigprocmask(SIG_SETMASK, &before, NULL);
	say(ret < 0 && errno == EINTR ? "interrupted\n" : "strange\n");
}

static void *run_abort(void *arg)
{
	abort();
}

static void run_in_thread(void *(*run)(void *))
{
	pthread_t t;
	pthread_create(&t, NULL, run, NULL);
	pthread_join(t, NULL);
}

/// Sessions

static int stop_twice(void)
{
	int first = WITH(.mem_rate_bytes = 1), again = cprof_profile_stop(first) | cprof_profile_stop(first);
	int second = WITH(.modes = CPROF_PROFILE_HEAP);
	again |= cprof_profile_stop(first) | cprof_profile_stop(0) | cprof_profile_stop(-EBUSY);
	int is_on = WITH(.modes = CPROF_PROFILE_HEAP) == -EBUSY; // the stale number stopped nothing
	return first > 0 && second > 0 && second != first && !again && is_on && !cprof_profile_stop(second) ? 0 : 1;
}

static int refuse(void)
{
	struct {
		struct cprof_profile_options known;
		long newer;
	} next = {.known = {.quiet = true}, .newer = 1};
	return WITH(.modes = ALL + 1) == -EINVAL && WITH(.cpu_rate_hz = 10001) == -EINVAL &&
					WITH(.mem_rate_bytes = -1) == -EINVAL &&
					cprof_profile_start_sized(&next.known, sizeof(next)) == -E2BIG
			? 0
			: 1;
}

/** The options of an older program end earlier. */
static int be_old(void)
{
	struct cprof_profile_options o = {.modes = CPROF_PROFILE_HEAP, .path = directory, .quiet = true};
	int session = cprof_profile_start_sized(&o, offsetof(struct cprof_profile_options, quiet));
	return session > 0 ? cprof_profile_stop(session) : 1;
}

/** Root may make threads whatever the limit is. */
static int without_threads(void)
{
	const struct rlimit none = {0, 0};
	if (geteuid() == 0 && (chmod(directory, 0777) < 0 || setuid(65534) < 0))
		return -errno;
	return setrlimit(RLIMIT_NPROC, &none) < 0 ? -errno : WITH();
}

static int sequential(void)
{
	int first = WITH(.modes = CPROF_PROFILE_CPU);
	cprof_profile_stop(first);
	int second = WITH(.modes = CPROF_PROFILE_MUTEX);
	return first > 0 && second > 0 ? cprof_profile_stop(second) : 1;
}

/// Ends

static int end_by_handler(const char *how)
{
	struct sigaction action = {.sa_handler = on_signal}, seen;
	if (strcmp(how, "chain") == 0)
		sigaction(SIGTERM, &action, NULL);
	WITH(.modes = ALL);
	sigaction(SIGTERM, NULL, &seen);
	if (seen.sa_handler != (strcmp(how, "chain") == 0 ? on_signal : SIG_DFL) || seen.sa_flags & SA_SIGINFO)
		return 99; // it has seen ours
	if (strcmp(how, "later") == 0)
		signal(SIGTERM, on_signal);
	if (strcmp(how, "restored") == 0) // what was asked for is set again, as many do around a critical part
		signal(SIGTERM, signal(SIGTERM, SIG_IGN));
	work();
	wait_for_ever();
	return 7;
}

/** The child has no session: signals kill it at once, and what it writes is nothing. */
static int leave_child(void)
{
	WITH(.modes = CPROF_PROFILE_HEAP | CPROF_PROFILE_CPU);
	for (int i = 0; i < 3; i++) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			if (i == 0)
				raise(SIGTERM);
			if (i == 1)
				abort();
			_exit(5);
		}
		waitpid(child, &status, 0);
		int want = i == 0 ? SIGTERM : i == 1 ? SIGABRT : 5 << 8;
		if ((status & 0xff7f) != want) // but for the core dump
			return 99;
	}
	work();
	return 7;
}

static int end_inside(void *arg, const void *data, size_t size)
{
	return raise(SIGTERM);
}

/** A thread that is just writing a profile of its own. */
static int end_while_writing(const char *name)
{
	WITH(.modes = ALL);
	work();
	return cprof_profile_write_to(cprof_lookup(name), cprof_to_callback(end_inside, NULL), 0);
}

static int end(const char *how)
{
	if (strncmp(how, "writing ", 8) == 0)
		return end_while_writing(how + 8);
	if (strcmp(how, "chain") == 0 || strcmp(how, "later") == 0 || strcmp(how, "restored") == 0 ||
			strcmp(how, "killed") == 0)
		return end_by_handler(how);
	if (strcmp(how, "zero") == 0)
		WITH(.modes = ALL, .exit_zero = true);
	else if (strcmp(how, "nohook") == 0)
		WITH(.modes = ALL, .no_shutdown_hook = true);
	else
		WITH(.modes = ALL);
	work();
	if (strcmp(how, "exit") == 0)
		exit(7);
	if (strcmp(how, "_exit") == 0)
		_exit(7);
	if (strcmp(how, "quick_exit") == 0)
		quick_exit(7);
	if (strcmp(how, "exec") == 0)
		execlp("sh", "sh", "-c", "exit 7", (char *)NULL);
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "thread") == 0)
		run_in_thread(run_abort);
	if (strcmp(how, "return") != 0)
		wait_for_ever();
	return 7;
}

int main(int argc, char **argv)
{
	const char *how = argv[1];
	directory = argc > 2 ? argv[2] : NULL;
	if (strcmp(how, "default") == 0)
		return cprof_profile_start(NULL) > 0 ? 0 : 1;
	if (strcmp(how, "memory") == 0)
		return WITH(.modes = CPROF_PROFILE_HEAP, .mem_rate_bytes = argc > 3 ? atoi(argv[3]) : 0) > 0 ? 0 : 1;
	if (strcmp(how, "double") == 0)
		return WITH() > 0 && WITH() == -EBUSY ? 0 : 1;
	if (strcmp(how, "modes") == 0)
		return WITH(.modes = (unsigned)atoi(argv[3])) > 0 ? 0 : 1;
	if (strcmp(how, "quiet") == 0)
		return WITH(.modes = ALL, .quiet = true) > 0 ? 0 : 1;
	if (strcmp(how, "nothreads") == 0)
		return without_threads() == -EAGAIN ? 0 : 1;
	if (strcmp(how, "emptypath") == 0)
		return cprof_profile_start(&(struct cprof_profile_options){.path = ""}) > 0 ? 0 : 1;
	if (strcmp(how, "badpath") == 0)
		return WITH() < 0 ? 0 : 1;
	if (strcmp(how, "sequential") == 0)
		return sequential();
	if (strcmp(how, "stoptwice") == 0)
		return stop_twice();
	if (strcmp(how, "refused") == 0)
		return refuse();
	if (strcmp(how, "old") == 0)
		return be_old();
	if (strcmp(how, "fork") == 0)
		return leave_child();
	return end(how);
}
