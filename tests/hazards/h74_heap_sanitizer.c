// SPDX-License-Identifier: MIT
// Hazards 39, 74: a program built with a sanitizer, whose malloc knows each block: it must go on finding errors, and
// none of its own making. With an argument: one use of a freed block.
#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "heap_truth.h"

static void *work(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		char *p = malloc((size_t)(i % 3000) + 1);
		p = realloc(p, (size_t)(i % 5000) + 1);
		memset(p, 1, (size_t)(i % 5000) + 1);
		free(p);
		free(strdup("a string"));
		free(memalign(64, 640));
	}
	return arg;
}

int main(int argc, char **argv)
{
	(void)argv;
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		MUST(pthread_create(&threads[i], NULL, work, NULL) == 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	char *volatile p = malloc(100);
	free(p);
	if (argc > 1)
		p[10] = 1;
	return 0;
}
