// SPDX-License-Identifier: MIT
// Hazard 32: a vfork child runs in our memory: what it allocates before exec is in our tables, and stays right.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap_truth.h"

enum { CHILDREN = 50, SIZE = 300 };

extern char **environ;
static struct truth truth;
static void *_Atomic left[CHILDREN];

static SITE void *allocate(void)
{
	return took(&truth, malloc(SIZE), SIZE);
}

int main(void)
{
	static char name[] = "true";
	static int i;
	char *argv[] = {name, NULL};
	for (i = 0; i < CHILDREN; i++) {
		int status = -1;
		pid_t pid = vfork();
		if (pid == 0) {
			left[i] = allocate();
			execve("/bin/true", argv, environ);
			_exit(98);
		}
		MUST(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
		free(left[i]);
		gave(&truth, SIZE);
		left[i] = allocate();
		MUST(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) == 0);
		MUST(waitpid(pid, &status, 0) == pid && status == 0);
	}
	say("allocate", &truth);
	return 0;
}
