// SPDX-License-Identifier: MIT
// heap_leak FIRST SECOND: a server in small, at the default rate: each request is parsed and answered from blocks that
// are freed, passes a cache that evicts, and leaves 1 KiB behind. Writes its heap after 20,000 requests and after
// 60,000: between them 40 MiB leaked, as 1 MiB/s would in 40 seconds.
#include <cprof/pprof.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE = 512, WARM = 20000, ALL = 60000 };

static void *cache[CACHE];
static void *volatile lost;

static __attribute__((noinline)) void answer(int i)
{
	char *text = malloc(200 + (size_t)(i % 7) * 900);
	memset(text, 'x', 200);
	free(text);
}

static __attribute__((noinline)) void remember(int i)
{
	free(cache[i % CACHE]);
	cache[i % CACHE] = malloc(16000);
}

static __attribute__((noinline)) void log_request(void)
{
	lost = malloc(1024);
}

static __attribute__((noinline)) void serve(int i)
{
	answer(i);
	remember(i);
	log_request();
}

int main(int argc, char **argv)
{
	int rc = argc > 2 ? 0 : -1;
	for (int i = 0; i < ALL && rc == 0; i++) {
		serve(i);
		if (i == WARM)
			rc = cprof_write_heap_profile(cprof_to_path(argv[1]));
	}
	if (rc == 0)
		rc = cprof_write_heap_profile(cprof_to_path(argv[2]));
	if (rc != 0)
		fprintf(stderr, "%s\n", cprof_strerror(rc));
	return rc != 0;
}
