// SPDX-License-Identifier: MIT
// leave_within TURNS: processes whose handler of a signal calls _exit(), wherever it has interrupted them: in dlopen()
// and dlclose(), while the loader's list is read, while all threads are asked for their stacks. The files of a session
// are written first. Prints what went wrong; hangs where a process waits for what it has interrupted.
#include <cprof/pprof.h>
#include <cprof/profile.h>
#include <dlfcn.h>
#include <gnu/lib-names.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NDELAYS = 17, DELAY_STEP_US = 1370, LEFT = 42 };

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

static void run(unsigned mode, void (*work)(void), int turn)
{
	struct cprof_profile_options options = {.modes = mode, .quiet = true, .path = "."};
	struct sigaction action = {.sa_handler = leave};
	const struct itimerval delay = {.it_value.tv_usec = 1000 + turn % NDELAYS * DELAY_STEP_US};
	if (cprof_profile_start(&options) < 0)
		_exit(1);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &delay, NULL);
	for (;;)
		work();
}

static void try(const char *name, unsigned mode, void (*work)(void), int turn)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		run(mode, work, turn);
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != LEFT) {
		printf("%s, turn %d: status %x\n", name, turn, (unsigned)status);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/leave_withinXXXXXX";
	if (argc < 2 || !mkdtemp(folder) || chdir(folder) != 0)
		return 1;
	for (int turn = 0; turn < atoi(argv[1]); turn++) {
		try("trace, loader", CPROF_PROFILE_TRACE, load_and_unload, turn);
		try("threads, loader", CPROF_PROFILE_THREADS, load_and_unload, turn);
		try("threads, threads", CPROF_PROFILE_THREADS, dump_threads, turn);
	}
	unlink("trace.out");
	unlink("goroutine.pprof");
	return rmdir(folder) == 0 ? 0 : 1;
}
