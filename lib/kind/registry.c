// SPDX-License-Identifier: MIT
// Context: CTL. The profiles there are, by name: see kind.h. The CPU profile is none of them, as in Go: it
// is a recording, not a state that can be asked for.
#include <string.h>

#include "heap.h"
#include "kind.h"

static int write_heap(struct cprof_writer writer, int debug)
{
	return cp_heap_write(CP_HEAP_VIEW_HEAP, writer, debug);
}

static int write_allocs(struct cprof_writer writer, int debug)
{
	return cp_heap_write(CP_HEAP_VIEW_ALLOCS, writer, debug);
}

// Sorted by name.
static const struct cprof_profile builtin[] = {
	{"allocs", write_allocs, cp_heap_count},
	{"heap", write_heap, cp_heap_count},
};

enum { BUILTIN_COUNT = sizeof(builtin) / sizeof(builtin[0]) };

const struct cprof_profile *cp_kind_lookup(const char *name)
{
	for (int i = 0; i < BUILTIN_COUNT; i++)
		if (strcmp(builtin[i].name, name) == 0)
			return &builtin[i];
	return NULL;
}

void cp_kind_each(int (*fn)(const struct cprof_profile *, void *), void *arg)
{
	for (int i = 0; i < BUILTIN_COUNT; i++)
		if (fn(&builtin[i], arg) != 0)
			return;
}
