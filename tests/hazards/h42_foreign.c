// SPDX-License-Identifier: MIT
// Hazard 42: blocks that did not come through us are freed, grown and measured through us, and the other way round.
#include <malloc.h>
#include <stdint.h>
#include <string.h>

#include "heap_truth.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void __libc_free(void *ptr);

enum { ROUNDS = 2000, SIZE = 333 };

static struct truth seen, grown;

static SITE void *seen_by_us(void)
{
	return took(&seen, malloc(SIZE), SIZE);
}

static SITE void *grown_by_us(void *p)
{
	return took(&grown, realloc(p, 2 * SIZE), 2 * SIZE);
}

int main(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *p = __libc_malloc(SIZE), *q = __libc_memalign(4096, SIZE);
		MUST(malloc_usable_size(p) >= SIZE && (uintptr_t)q % 4096 == 0);
		free(q);
		free(grown_by_us(p));
		gave(&grown, 2 * SIZE);
		char *line = NULL;
		size_t room = 0;
		FILE *in = fmemopen((void *)"a line\n", 7, "r");
		MUST(in && getline(&line, &room, in) == 7);
		fclose(in);
		free(line);
		p = seen_by_us();
		MUST(malloc_usable_size(p) >= SIZE && malloc_usable_size(p) < SIZE + 32);
		free(p);
		gave(&seen, SIZE);
	}
	free(NULL);
	say("seen_by_us", &seen);
	say("grown_by_us", &grown);
	return 0;
}
