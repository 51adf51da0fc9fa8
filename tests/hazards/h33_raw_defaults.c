// SPDX-License-Identifier: MIT
// Hazard 33: on its way to exec a child gives all signals their defaults by system calls of its own, while they are
// blocked, as Chromium's children do. What we send it must not end it. h33_raw_defaults OUT HZ ENGINE; the child writes
// OUT.child.
#include "workload.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

WORK(in_parent);
WORK(in_child);

enum { SIGNALS = 64, SIGSET_BYTES = SIGNALS / 8 };

static void *dump(void *arg)
{
	MUST(cprof_profile_write_to(cprof_lookup("threads"), cprof_to_path(arg), 0) == 0);
	return arg;
}

static _Noreturn void be_child(const char *path)
{
	static const char default_action[64]; // as large as any kernel's struct sigaction
	sigset_t none;
	MUST(workload_restart(path) == 0);
	in_child(60); // ticks that come now are pending
	for (int sig = 1; sig <= SIGNALS; sig++)
		syscall(SYS_rt_sigaction, sig, default_action, NULL, SIGSET_BYTES);
	sigemptyset(&none);
	MUST(sigprocmask(SIG_SETMASK, &none, NULL) == 0);
	in_child(60);
	pthread_t t = start_thread(dump, (void *)path); // which is asked for no stack, and ticks no more than we
	in_child(60);
	join_thread(t);
	MUST(cprof_stop_cpu_profile() == 0);
	_exit(0);
}

int main(int argc, char **argv)
{
	char path[4096];
	int status = -1;
	sigset_t all, before;

	workload_start(argc, argv);
	snprintf(path, sizeof(path), "%s.child", argv[1]);
	in_parent(200);
	sigfillset(&all);
	MUST(sigprocmask(SIG_SETMASK, &all, &before) == 0);
	pid_t pid = fork();
	MUST(pid >= 0);
	if (pid == 0)
		be_child(path);
	MUST(waitpid(pid, &status, 0) == pid);
	MUST(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
	say("status %d", status);
	MUST(status == 0);
	workload_stop();
	return 0;
}
