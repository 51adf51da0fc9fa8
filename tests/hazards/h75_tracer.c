// SPDX-License-Identifier: MIT
// Hazard 75: h75_tracer PROGRAM [ARGUMENT...] traces it as ltrace does, which waits for the end of a single step when a
// tick comes, keeps the tick back and delivers it then: the kernel says that the tracer has sent it, by kill() as it
// were. We took it for a SIGPROF that the program was to die of.
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_PIDS = 1 << 22 };

static bool is_kept_back[MAX_PIDS];

/** Goes on with a thread that has stopped. */
static void resume(int tid, int status)
{
	int sig = WSTOPSIG(status);
	bool is_event = status >> 16 != 0;
	if (sig == SIGPROF) {
		is_kept_back[tid] = true;
		ptrace(PTRACE_SINGLESTEP, tid, NULL, NULL);
	} else if (sig == SIGTRAP && !is_event && is_kept_back[tid]) {
		is_kept_back[tid] = false;
		ptrace(PTRACE_CONT, tid, NULL, (void *)(intptr_t)SIGPROF);
	} else {
		bool is_tracing = is_event || sig == SIGTRAP || sig == SIGSTOP;
		ptrace(PTRACE_CONT, tid, NULL, (void *)(intptr_t)(is_tracing ? 0 : sig));
	}
}

int main(int argc, char **argv)
{
	int status, pid = argc > 1 ? fork() : -1;
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)(intptr_t)(PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL));
	ptrace(PTRACE_CONT, pid, NULL, NULL);
	for (int tid; (tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR;) {
		if (tid > 0 && WIFSTOPPED(status))
			resume(tid, status);
		else if (tid == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return 2;
}
