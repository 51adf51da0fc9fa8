// SPDX-License-Identifier: MIT
// The analyzer in a process of its own: run/ knows nothing of it but its command line. The program's own
// standard output stays its own, so the report goes to stderr.
#include "leak.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

void leak_print(const char *file)
{
	char *argv[] = {(char *)"cprof", (char *)"-top", (char *)"-sample_index=inuse_space",
			(char *)"-nodecount=20", (char *)file, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none); // ours are blocked: see child.c
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	fputs("cprof: never freed:\n", stderr);
	int error = posix_spawn(&pid, "/proc/self/exe", &actions, &attr, argv, environ);
	if (error)
		fprintf(stderr, "cprof: -leak: %s\n", strerror(error));
	while (error == 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
}
