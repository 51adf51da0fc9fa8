// SPDX-License-Identifier: MIT
// become HOW: uses 300 ms of CPU time, then becomes itself by one of the exec functions, with arguments
// and an environment that the second image checks before it uses 200 ms and exits 5.
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "burn.h"

enum { FIRST_MS = 300, SECOND_MS = 200, STATUS = 5 };

extern char **environ;

static int check_second(int argc, char **argv, const char *how)
{
	// Those that take an environment were given a variable more.
	bool takes_env = how[strlen(how) - 1] == 'e' || strcmp(how, "execveat") == 0;
	const char *given = getenv("BECOME");
	if (argc != 5 || strcmp(argv[1], "second") || strcmp(argv[3], "") || strcmp(argv[4], "last"))
		return 90;
	if (takes_env ? !given || strcmp(given, "1") : given != NULL)
		return 91;
	burn(SECOND_MS);
	return STATUS;
}

/** Our environment and BECOME=1. */
static char **env_with_more(void)
{
	size_t n = 0;
	while (environ[n])
		n++;
	char **env = calloc(n + 2, sizeof(*env));
	memcpy(env, environ, n * sizeof(*env));
	env[n] = strdup("BECOME=1");
	return env;
}

static void become(const char *how, char *self)
{
	char *name = basename(strdup(self));
	char *argv[] = {self, strdup("second"), (char *)how, strdup(""), strdup("last"), NULL};
	char **env = env_with_more();
	int fd = open(self, O_RDONLY | O_CLOEXEC);
	if (strcmp(how, "execve") == 0)
		execve(self, argv, env);
	else if (strcmp(how, "execv") == 0)
		execv(self, argv);
	else if (strcmp(how, "execvp") == 0)
		execvp(name, argv);
	else if (strcmp(how, "execvpe") == 0)
		execvpe(name, argv, env);
	else if (strcmp(how, "fexecve") == 0)
		fexecve(fd, argv, env);
	else if (strcmp(how, "execveat") == 0)
		execveat(fd, "", argv, env, AT_EMPTY_PATH);
	else if (strcmp(how, "execl") == 0)
		execl(self, self, "second", how, "", "last", NULL);
	else if (strcmp(how, "execlp") == 0)
		execlp(name, self, "second", how, "", "last", NULL);
	else if (strcmp(how, "execle") == 0)
		execle(self, self, "second", how, "", "last", NULL, env);
}

int main(int argc, char **argv)
{
	if (argc > 2)
		return check_second(argc, argv, argv[2]);
	burn(FIRST_MS);
	if (strcmp(argv[1], "nothing") == 0) {
		execl("/nonexistent", "nonexistent", NULL); // comes back, and the profile goes on
		burn(FIRST_MS + SECOND_MS);
		return STATUS;
	}
	become(argv[1], argv[0]);
	perror(argv[1]);
	return 92;
}
