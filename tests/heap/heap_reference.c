// SPDX-License-Identifier: MIT
// heap_reference FILE: the buckets of Go's TestConvertMemProfile, put into the tables by hand (the library's
// own, linked in): at 512 KiB 4 objects of 1 KiB of which 3 are in use, and one of 512 KiB that is gone.
#include <stdio.h>

#include "kind/heap.h"
#include "kind/heap_hook.h"

static void put(uintptr_t pc, int64_t size_bytes, int64_t allocated, int64_t in_use)
{
	struct cp_stack *s = cp_stacktab_intern(&cp_heap.buckets, &pc, 1, 0,
			cp_heap_tag(cp_heap_size_class((size_t)size_bytes), load(&cp_heap.rate_index, relaxed), 0));
	fetch_add(&s->values[CP_HEAP_ALLOC_OBJECTS], allocated, relaxed);
	fetch_add(&s->values[CP_HEAP_ALLOC_BYTES], allocated * size_bytes, relaxed);
	fetch_add(&s->values[CP_HEAP_INUSE_OBJECTS], in_use, relaxed);
	fetch_add(&s->values[CP_HEAP_INUSE_BYTES], in_use * size_bytes, relaxed);
	// What is gone is counted once more by its lifetime.
	if (allocated > in_use) {
		s = cp_stacktab_intern(&cp_heap.buckets, &pc, 1, 0, s->tag | cp_heap_tag(0, 0, 10));
		fetch_add(&s->values[CP_HEAP_ALLOC_OBJECTS], allocated - in_use, relaxed);
		fetch_add(&s->values[CP_HEAP_ALLOC_BYTES], (allocated - in_use) * size_bytes, relaxed);
	}
}

int main(int argc, char **argv)
{
	int rc = argc > 1 ? cp_heap_set_rate(512 << 10) : -1;
	cp_heap_countdown = UINT64_MAX; // nothing of this program itself
	put((uintptr_t)put, 1024, 4, 3);
	put((uintptr_t)main, 512 << 10, 1, 0);
	if (rc == 0)
		rc = cp_heap_write(CP_HEAP_VIEW_HEAP, cprof_to_path(argv[1]), 0);
	return rc != 0;
}
