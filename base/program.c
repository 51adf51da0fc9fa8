// SPDX-License-Identifier: MIT
// See program.h. What we block or ignore the other would, too: it shall have no signal blocked, and die of
// SIGPIPE, as programs expect.
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int start(const char *const argv[], const int streams[3], short flags, pid_t *pid_out)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | flags));
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++) {
		if (streams[i] >= 0)
			posix_spawn_file_actions_adddup2(&actions, streams[i], i);
		else if (streams[i] == STREAM_NULL)
			posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0);
	}
	int error = posix_spawnp(pid_out, argv[0], &actions, &attributes, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

int program_start(const char *const argv[], int in, int out, int err, pid_t *pid_out)
{
	return start(argv, (const int[]){in, out, err}, 0, pid_out);
}

int program_start_apart(const char *const argv[], int in, int out, int err, pid_t *pid_out)
{
	return start(argv, (const int[]){in, out, err}, POSIX_SPAWN_SETSID, pid_out);
}

// In the child of vfork(): with its memory, which is ours, nothing may happen that we would notice. An errno.
static int become(const char *const argv[], const int streams[3], pid_t parent)
{
	static const struct sigaction by_default = {.sa_handler = SIG_DFL};
	struct sigaction now;
	sigset_t none;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) // it has ended before that
		return ESRCH;
	for (int i = 0; i < 3; i++) {
		int fd = streams[i] == STREAM_NULL ? open("/dev/null", O_RDWR) : streams[i];
		if (streams[i] == STREAM_OURS)
			continue;
		if (fd < 0 || (fd == i ? fcntl(fd, F_SETFD, 0) : dup2(fd, i)) < 0)
			return errno;
	}
	for (int sig = 1; sig < NSIG; sig++) { // none of our handlers runs there
		if (sig == SIGPIPE || (sigaction(sig, NULL, &now) == 0 && now.sa_handler != SIG_IGN))
			sigaction(sig, &by_default, NULL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], (char *const *)argv);
	return errno;
}

// posix_spawn() knows nothing of PR_SET_PDEATHSIG.
int program_start_bound(const char *const argv[], int in, int out, int err, pid_t *pid_out)
{
	const int streams[3] = {in, out, err};
	volatile int error = 0;
	sigset_t all, before;
	pid_t parent = getpid();
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = vfork();
	if (pid == 0) {
		error = become(argv, streams, parent);
		_exit(EXIT_FAILURE);
	}
	if (pid < 0)
		error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid > 0 && error)
		program_wait(pid);
	*pid_out = pid;
	return error;
}

int program_wait(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}
