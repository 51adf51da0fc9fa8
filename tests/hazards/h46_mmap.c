// SPDX-License-Identifier: MIT
// Hazard 46: mmap is no malloc: what the program maps is not counted, and a malloc that maps is counted once.
#include <string.h>
#include <sys/mman.h>

#include "heap_truth.h"

static const size_t SIZE = (size_t)32 << 20;
static struct truth mapped, malloced;

static SITE void maps(void)
{
	void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(p != MAP_FAILED);
	memset(p, 1, SIZE / 8);
}

static SITE void mallocs(void)
{
	void *volatile p = took(&malloced, malloc(SIZE), SIZE);
	(void)p;
}

int main(void)
{
	maps();
	mallocs();
	say("maps", &mapped);
	say("mallocs", &malloced);
	return 0;
}
