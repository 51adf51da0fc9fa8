// SPDX-License-Identifier: MIT
// A program that serves its profiles: server ADDRESS [token TOKEN] [hide] [remote] [control] [seconds N].
// It burns CPU in two functions, allocates, has a profile of its own with a name nobody should trust, prints its
// port, and ends when its standard input does.
#include <cprof/http.h>
#include <cprof/pprof.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile unsigned long sink;

void burn_more(void);
void burn_less(void);
void *allocate_some(void);

__attribute__((noinline)) void burn_more(void)
{
	for (int i = 0; i < 3000000; i++)
		sink += (unsigned long)i * 7;
}

__attribute__((noinline)) void burn_less(void)
{
	for (int i = 0; i < 1000000; i++)
		sink += (unsigned long)i * 5;
}

__attribute__((noinline)) void *allocate_some(void)
{
	void *ptr = malloc(4096);
	sink++; // no tail call: this function is to be on the stack
	return ptr;
}

static void *work(void *arg)
{
	for (;;) {
		burn_more();
		burn_less();
		for (int i = 0; i < 50; i++) {
			void *volatile p = allocate_some();
			free(p);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct cprof_http_options options = {0};
	pthread_t thread;
	for (int i = 2; i < argc; i++) {
		options.hide_cmdline |= strcmp(argv[i], "hide") == 0;
		options.allow_control |= strcmp(argv[i], "control") == 0;
		options.allow_remote |= strcmp(argv[i], "remote") == 0;
		if (strcmp(argv[i], "token") == 0)
			options.bearer_token = argv[++i];
		else if (strcmp(argv[i], "seconds") == 0)
			options.max_seconds = atoi(argv[++i]);
	}
	struct cprof_profile *own;
	if (cprof_new_profile("test.<i>&\"own\"", &own) < 0 || cprof_profile_add(own, argv, 0) < 0)
		return 4;
	int ret = cprof_http_serve(argv[1], &options);
	if (ret == 0 && cprof_http_serve(argv[1], &options) == 0)
		return 3; // once a process
	printf("%d %s\n", ret < 0 ? ret : cprof_http_port(), cprof_strerror(ret));
	fflush(stdout);
	if (ret < 0)
		return 1;
	pthread_create(&thread, NULL, work, NULL);
	while (getchar() != EOF)
		;
	return 0;
}
