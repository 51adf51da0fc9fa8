// SPDX-License-Identifier: MIT
// Nobody tells a stopped process anything: if the child alone is continued (kill -CONT PID), it would run, and end,
// while we stay stopped and whoever waits for us waits for ever. So a process of ours looks after the child meanwhile.
#include "pause.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/proc.h"

enum { LOOK_MS = 50, NS_PER_MS = 1000000 };

/** Unless it goes on, or has ended; true also where /proc does not say. */
static bool is_stopped(pid_t pid)
{
	char path[32], text[512];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = proc_is_ours() ? fopen(path, "re") : NULL;
	if (!f)
		return true;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	const char *behind_name = strrchr(text, ')');
	return !behind_name || strncmp(behind_name, ") T", 3) == 0 || strncmp(behind_name, ") t", 3) == 0;
}

/** In the watcher; until it is killed: we may not have stopped yet. */
static void watch(pid_t child, pid_t stopped)
{
	const struct timespec look = {.tv_nsec = LOOK_MS * NS_PER_MS};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == stopped) {
		nanosleep(&look, NULL);
		if (!is_stopped(child))
			kill(stopped, SIGCONT);
	}
	_exit(0);
}

void pause_with(pid_t child)
{
	pid_t self = getpid(), watcher = fork();
	if (watcher == 0)
		watch(child, self);
	kill(self, SIGSTOP);
	if (watcher < 0)
		return;
	kill(watcher, SIGKILL);
	waitpid(watcher, NULL, 0);
	// The watcher's is not for the child. (Of two that are pending the kernel keeps the first.)
	sigset_t only;
	siginfo_t info;
	sigemptyset(&only);
	sigaddset(&only, SIGCONT);
	if (sigtimedwait(&only, &info, &(struct timespec){0}) == SIGCONT && info.si_pid != watcher)
		kill(child, SIGCONT);
}
