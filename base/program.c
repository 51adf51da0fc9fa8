// SPDX-License-Identifier: MIT
// See program.h. What we block or ignore the other would, too: it shall have no signal blocked, and die of
// SIGPIPE, as programs expect.
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
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

int program_wait(pid_t pid)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}
