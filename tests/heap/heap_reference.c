// SPDX-License-Identifier: MIT
// heap_reference FILE: the buckets of Go's TestConvertMemProfile, put into the tables by hand (the library's
// own, linked in): at 512 KiB 4 objects of 1 KiB of which 3 are in use, and one of 512 KiB that is gone.
#include <stdio.h>

#include "kind/heap.h"
#include "kind/heap_count_hook.h"
#include "kind/heap_draw_hook.h"
#include "kind/heap_hook.h"

static void put(uintptr_t pc, uint64_t size_bytes, int allocated, int in_use)
{
	struct cp_stack *s = cp_stacktab_intern(&cp_heap.buckets, &pc, 1, 0,
			cp_heap_tag(cp_heap_size_class(size_bytes), load(&cp_heap.rate_index, relaxed)));
	for (int i = 0; i < allocated; i++)
		cp_heap_count_alloc(s, size_bytes, size_bytes);
	for (int i = in_use; i < allocated; i++)
		cp_heap_count_free(s, size_bytes, size_bytes, 1000);
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
