// SPDX-License-Identifier: MIT
// leave_within TURNS: processes whose handler of a signal calls _exit(), wherever it has interrupted them: in dlopen()
// and dlclose(), while the loader's list is read, while all threads are asked for their stacks. The files of a session
// are written first. So they are where the signal kills, also a process that starts and stops profiles, its own and the
// session's.
// Prints what went wrong; hangs where a process waits for what it has interrupted.
#include <cprof/pprof.h>
#include <cprof/profile.h>
#include <cprof/trace.h>
#include <dlfcn.h>
#include <gnu/lib-names.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NDELAYS = 17, DELAY_STEP_US = 1370, SHORT_STEP_US = 47, LEFT = 42 };

static void leave(int sig)
{
	(void)sig;
	_exit(LEFT);
}

static void load_and_unload(void)
{
	void *library = dlopen(LIBRESOLV_SO, RTLD_NOW);
	if (!library || dlclose(library) != 0)
		_exit(1);
}

static int drop(void *arg, const void *data, size_t size)
{
	(void)arg, (void)data, (void)size;
	return 0;
}

static void dump_threads(void)
{
	if (cprof_profile_write_to(cprof_lookup("threads"), cprof_to_callback(drop, NULL), 1) != 0)
		_exit(1);
}

static void profile_cpu(void)
{
	if (cprof_start_cpu_profile(cprof_to_callback(drop, NULL)) != 0 || cprof_stop_cpu_profile() != 0)
		_exit(1);
}

/** The session's own, and then others. */
static void stop_cpu(void)
{
	if (cprof_stop_cpu_profile() != 0)
		_exit(1);
	profile_cpu();
}

/** The session's own: nothing is left to stop the next time. */
static void stop_trace(void)
{
	if (cprof_trace_stop() != 0)
		_exit(1);
}

static void run(unsigned mode, void (*work)(void), int delay_us, bool is_handled)
{
	struct cprof_profile_options options = {.modes = mode, .quiet = true, .path = "."};
	struct sigaction action = {.sa_handler = leave};
	const struct itimerval delay = {.it_value.tv_usec = delay_us};
	if (cprof_profile_start(&options) < 0)
		_exit(1);
	if (is_handled)
		sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &delay, NULL);
	for (;;)
		work();
}

/** The status of a process that was left so. */
static int try(unsigned mode, void (*work)(void), int delay_us, bool is_handled)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		run(mode, work, delay_us, is_handled);
	waitpid(pid, &status, 0);
	return status;
}

static void leave_by_handler(const char *name, unsigned mode, void (*work)(void), int delay_us)
{
	int status = try(mode, work, delay_us, true);
	if (WIFEXITED(status) && WEXITSTATUS(status) == LEFT)
		return;
	printf("%s, after %d us: status %x\n", name, delay_us, (unsigned)status);
	exit(1);
}

static void be_killed(const char *file, unsigned mode, void (*work)(void), int delay_us)
{
	int status = try(mode, work, delay_us, false);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM && unlink(file) == 0)
		return;
	printf("%s, after %d us: status %x, or no file\n", file, delay_us, (unsigned)status);
	exit(1);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/leave_withinXXXXXX";
	if (argc < 2 || !mkdtemp(folder) || chdir(folder) != 0)
		return 1;
	for (int turn = 0; turn < atoi(argv[1]); turn++) {
		int delay_us = 1000 + turn % NDELAYS * DELAY_STEP_US;
		int short_us = 1 + turn % NDELAYS * SHORT_STEP_US; // what is stopped is stopped at once
		leave_by_handler("trace, loader", CPROF_PROFILE_TRACE, load_and_unload, delay_us);
		leave_by_handler("threads, loader", CPROF_PROFILE_THREADS, load_and_unload, delay_us);
		leave_by_handler("threads, threads", CPROF_PROFILE_THREADS, dump_threads, delay_us);
		be_killed("clock.pprof", CPROF_PROFILE_WALL, profile_cpu, delay_us);
		be_killed("goroutine.pprof", CPROF_PROFILE_THREADS, dump_threads, delay_us);
		be_killed("clock.pprof", CPROF_PROFILE_WALL | CPROF_PROFILE_CPU, stop_cpu, short_us);
		be_killed("goroutine.pprof", CPROF_PROFILE_THREADS | CPROF_PROFILE_TRACE, stop_trace, short_us);
	}
	unlink("cpu.pprof");
	unlink("trace.out");
	unlink("goroutine.pprof");
	return rmdir(folder) == 0 ? 0 : 1;
}
