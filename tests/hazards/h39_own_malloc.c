// SPDX-License-Identifier: MIT
// Hazard 39: the program brings its own malloc (h38_bump.c, linked in), but not the whole family: what it lacks is
// ours, and must not take its blocks to another allocator.
#include <malloc.h>
#include <string.h>

#include "heap_truth.h"

int main(void)
{
	char *p = strdup("made by libc with our malloc");
	p = reallocarray(p, 100, 10);
	MUST(p && strcmp(p, "made by libc with our malloc") == 0 && malloc_usable_size(p) == 1000);
	free(p);
	p = valloc(100);
	MUST(p && malloc_usable_size(p) == 100);
	free(p);
	p = pvalloc(100);
	MUST(p && malloc_usable_size(p) == 4096);
	free(p);
	p = pvalloc(0); // was NULL where memalign() refuses to give nothing
	MUST(p && malloc_usable_size(p) == 4096);
	free(p);
	return 0;
}
