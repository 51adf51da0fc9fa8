// SPDX-License-Identifier: MIT
// Hazard 37: allocation before our constructor (.preinit_array), in constructors, and by dlsym itself, which stands in
// front of libc's and allocates, first of all: whoever looked for the real malloc by it would come back to it. All
// these blocks live on, are measured, grown and freed when everything runs.
#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>

#include "heap_truth.h"

enum { SIZE = 200, MAX_EARLY = 64 };

static struct truth late;
static void *early[MAX_EARLY];
static int nearly, ndlsym;

static void remember(void *p)
{
	MUST(p && (uintptr_t)p % 16 == 0);
	if (nearly < MAX_EARLY)
		early[nearly++] = p;
}

typedef void *dlsym_fn(void *, const char *);

// Tail call: RTLD_NEXT is told by the return address, which must be the caller's.
void *dlsym(void *handle, const char *name)
{
	static dlsym_fn *real;
	if (!real)
		real = (dlsym_fn *)dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.34");
	if (ndlsym++ < 8) {
		char *zeros = calloc(2, SIZE / 2);
		for (int i = 0; i < SIZE; i++)
			MUST(zeros[i] == 0);
		memset(zeros, 'z', SIZE);
		free(realloc(malloc(10), 20));
		remember(zeros);
	}
	return real(handle, name);
}

static void before_constructors(void)
{
	MUST(dlsym(RTLD_DEFAULT, "malloc"));
	remember(memset(malloc(SIZE), 'z', SIZE));
	free(memalign(256, SIZE));
}

__attribute__((section(".preinit_array"), used)) static void (*preinit)(void) = before_constructors;

__attribute__((constructor(101))) static void in_constructor(void)
{
	remember(memset(malloc(SIZE), 'z', SIZE));
}

static SITE void *in_main(void)
{
	return took(&late, malloc(SIZE), SIZE);
}

int main(void)
{
	MUST(ndlsym > 0 && nearly > 2);
	for (int i = 0; i < nearly; i++) {
		char *p = early[i];
		MUST(malloc_usable_size(p) >= SIZE);
		if (i % 2)
			p = realloc(p, 4 * SIZE);
		for (int k = 0; k < SIZE; k++)
			MUST(p[k] == 'z');
		free(p);
	}
	in_main();
	say("in_main", &late);
	return 0;
}
