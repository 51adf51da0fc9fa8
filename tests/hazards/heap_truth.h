// SPDX-License-Identifier: MIT
// What a heap hazard's program really allocated. The programs know nothing of cprof: heap_hazards.py runs them
// under `cprof run -memprofile` at rate 1 and compares each line that say() prints with the profile.
#ifndef CPROF_TESTS_HEAP_TRUTH_H
#define CPROF_TESTS_HEAP_TRUTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define SITE __attribute__((noinline))
#define MUST(condition) ((condition) ? (void)0 : fail(__FILE__, __LINE__, #condition))

static inline void fail(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, condition);
	_Exit(99);
}

struct truth {
	_Atomic long allocated, allocated_bytes, freed, freed_bytes;
};

static inline void *took(struct truth *t, void *p, size_t size)
{
	MUST(p);
	t->allocated++;
	t->allocated_bytes += (long)size;
	return p;
}

static inline void gave(struct truth *t, size_t size)
{
	t->freed++;
	t->freed_bytes += (long)size;
}

/** `functions`: names with commas between; samples whose stack has one of them;
 *  "leaf:FUNCTION": those that end in it. */
static inline void say(const char *functions, const struct truth *t)
{
	printf("%s %ld %ld %ld %ld\n", functions, t->allocated, t->allocated_bytes, t->allocated - t->freed,
			t->allocated_bytes - t->freed_bytes);
}

#endif
