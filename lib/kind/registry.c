// SPDX-License-Identifier: MIT
// Context: CTL. The profiles there are, by name: see kind.h. The CPU profile is none of them, as in Go: it
// is a recording, not a state that can be asked for.
#include <string.h>

#include "contention.h"
#include "custom.h"
#include "heap.h"
#include "kind.h"
#include "threadcreate.h"
#include "threads.h"

static int write_heap(const struct cprof_profile *p, struct cprof_writer writer, int debug)
{
	return cp_heap_write(CP_HEAP_VIEW_HEAP, writer, debug);
}

static int write_allocs(const struct cprof_profile *p, struct cprof_writer writer, int debug)
{
	return cp_heap_write(CP_HEAP_VIEW_ALLOCS, writer, debug);
}

static int write_threads(const struct cprof_profile *p, struct cprof_writer writer, int debug)
{
	return cp_threads_write(writer, debug);
}

static int write_threadcreate(const struct cprof_profile *p, struct cprof_writer writer, int debug)
{
	return cp_threadcreate_write(writer, debug);
}

static uint64_t count_threadcreate(const struct cprof_profile *p)
{
	return cp_threadcreate_count();
}

static int write_deadlock(const struct cprof_profile *p, struct cprof_writer writer, int debug)
{
	return cp_threads_write_stuck(writer, debug);
}

static uint64_t count_deadlock(const struct cprof_profile *p)
{
	return cp_threads_count_stuck();
}

static uint64_t count_threads(const struct cprof_profile *p)
{
	return cp_threads_count();
}

static uint64_t count_heap(const struct cprof_profile *p)
{
	return cp_heap_count();
}

static int write_block(const struct cprof_profile *p, struct cprof_writer writer, int debug)
{
	return cp_contention_write(CP_KIND_BLOCK, writer, debug);
}

static uint64_t count_block(const struct cprof_profile *p)
{
	return cp_contention_count(CP_KIND_BLOCK);
}

static int write_mutex(const struct cprof_profile *p, struct cprof_writer writer, int debug)
{
	return cp_contention_write(CP_KIND_MUTEX, writer, debug);
}

static int write_syscall(const struct cprof_profile *p, struct cprof_writer writer, int debug)
{
	return cp_contention_write(CP_KIND_SYSCALL, writer, debug);
}

static uint64_t count_syscall(const struct cprof_profile *p)
{
	return cp_contention_count(CP_KIND_SYSCALL);
}

static uint64_t count_mutex(const struct cprof_profile *p)
{
	return cp_contention_count(CP_KIND_MUTEX);
}

// Sorted by name.
static const struct cprof_profile builtin[] = {
	{"allocs", write_allocs, count_heap},
	{"block", write_block, count_block},
	{"deadlock", write_deadlock, count_deadlock},
	{"heap", write_heap, count_heap},
	{"mutex", write_mutex, count_mutex},
	{"syscall", write_syscall, count_syscall},
	{"threadcreate", write_threadcreate, count_threadcreate},
	{"threads", write_threads, count_threads},
};

enum { BUILTIN_COUNT = sizeof(builtin) / sizeof(builtin[0]) };

/** The one after p by name: from both lists, each of which is sorted. NULL: p is the last. */
static const struct cprof_profile *next_of(int *ibuiltin, const struct cprof_profile **custom)
{
	const struct cprof_profile *c = cp_custom_next(*custom);
	const struct cprof_profile *b = *ibuiltin < BUILTIN_COUNT ? &builtin[*ibuiltin] : NULL;
	if (b && (!c || strcmp(b->name, c->name) < 0)) {
		++*ibuiltin;
		return b;
	}
	if (c)
		*custom = c;
	return c;
}

void cp_kind_each(int (*fn)(const struct cprof_profile *, void *), void *arg)
{
	int ibuiltin = 0;
	const struct cprof_profile *custom = NULL, *p;
	while ((p = next_of(&ibuiltin, &custom)) && fn(p, arg) == 0)
		;
}

const struct cprof_profile *cp_kind_lookup(const char *name)
{
	int ibuiltin = 0;
	const struct cprof_profile *custom = NULL, *p;
	if (strcmp(name, "goroutine") == 0) // what Go's users and tools ask for
		name = "threads";
	while ((p = next_of(&ibuiltin, &custom)) && strcmp(p->name, name) != 0)
		;
	return p;
}
