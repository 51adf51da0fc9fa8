// SPDX-License-Identifier: MIT
// threads_counts DIR: Go's TestGoroutineCounts: threads blocked in three functions, some with labels, and
// their profile in all forms. The result is right when all are blocked, which is waited for.
#include <cprof/pprof.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink.h"

enum { GIVE_UP_TURNS = 3000 };

static sem_t never;

#define BLOCKED(name)                                            \
	__attribute__((noinline)) static void *name(void *arg)   \
	{                                                        \
		while (sem_wait(&never) != 0)                    \
			;                                        \
		return (void *)#name;                            \
	}

BLOCKED(func1)
BLOCKED(func2)
BLOCKED(func3)

static void start(void *(*fn)(void *))
{
	pthread_t t;
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	if (pthread_create(&t, &attr, fn, NULL) != 0)
		exit(1);
}

static void start_some(void *n)
{
	for (long i = 0; i < (long)n; i++)
		start(i % 10 == 0 ? func1 : i % 2 == 0 ? func2 : func3);
}

static int is_complete(void)
{
	static const char *const groups[] = {"\n50 @ ", "\n44 @ ", "\n40 @ ", "\n36 @ ", "\n10 @ ", "\n9 @ "};
	char *text = profile_text(cprof_lookup("goroutine"), 1);
	const char *at = text;
	for (int i = 0; at && i < 6; i++)
		at = strstr(at, groups[i]);
	free(text);
	return at != NULL;
}

int main(int argc, char **argv)
{
	char path[3][512];
	sem_init(&never, 0, 0);
	start_some((void *)100);
	cprof_do(cprof_labels("label", "value", (char *)NULL), start_some, (void *)89);
	for (int turns = 0; !is_complete() && turns < GIVE_UP_TURNS; turns++)
		usleep(10000);
	cprof_set_labels(cprof_labels("self", "\"me\"\n", (char *)NULL));
	for (int debug = 0; debug < 3; debug++) {
		snprintf(path[debug], sizeof(path[debug]), "%s/threads.%d", argv[1], debug);
		int ret = cprof_profile_write_to(cprof_lookup("threads"), cprof_to_path(path[debug]), debug);
		if (ret < 0) {
			fprintf(stderr, "%s: %s\n", path[debug], cprof_strerror(ret));
			return 1;
		}
	}
	return argc > 2;
}
