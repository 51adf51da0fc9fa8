// SPDX-License-Identifier: MIT
// sandboxed MS [little|trapped|strict]: a child uses MS of CPU time, shuts itself into a sandbox, uses CPU time and
// exits 7, as does its parent if it sees that. The sandbox is like that of sshd, where the return from a signal handler
// is death of the thread; with "little" one by seccomp(2), where all but the end and write() is, with "trapped" SIGSYS;
// "strict" is the kernel's own, where a process can end by SYS_exit alone.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "burn.h"

enum { STATUS = 7 };

static void allow_little(uint32_t else_action)
{
	struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
			BPF_STMT(BPF_RET | BPF_K, else_action),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		abort();
	for (volatile int i = 0; i < 300000000; i++) // the clock may not be asked any more
		;
	if (write(STDOUT_FILENO, "", 0) != 0)
		_exit(1);
}

static void allow_least(void)
{
	void *block = malloc(100);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
		abort();
	for (volatile int i = 0; i < 300000000; i++)
		;
	free(block);
	syscall(SYS_exit, STATUS);
}

/** What the kernel refuses, and who looks at it before is not to die of. */
static void offer_nonsense(void)
{
	struct sock_fprog nowhere = {.len = 4, .filter = (struct sock_filter *)sizeof(struct sock_filter)}, empty = {0};
	const void *offers[] = {NULL, (void *)sizeof(void *), &nowhere, &empty};
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, offers[i]) == 0 ||
				syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, offers[i]) == 0)
			abort();
	}
}

static void lock_up(void)
{
	struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		abort();
}

int main(int argc, char **argv)
{
	unsigned ms = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		burn(ms);
		offer_nonsense();
		if (argc > 2 && argv[2][0] == 's')
			allow_least();
		if (argc > 2) {
			allow_little(argv[2][0] == 't' ? SECCOMP_RET_TRAP : SECCOMP_RET_KILL_PROCESS);
			exit(STATUS);
		}
		lock_up();
		burn(2 * ms); // of its whole life
		_exit(STATUS);
	}
	for (int i = 0; i < 200 && waitpid(pid, &status, WNOHANG) == 0; i++)
		usleep(50000);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
