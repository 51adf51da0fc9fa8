// SPDX-License-Identifier: MIT
// Makes garbage; some of it is kept. Tells how many collections there were, by its own event handler, too.
#include <gc.h>
#include <stdio.h>

static int nends;

static void on_event(GC_EventType event)
{
	nends += event == GC_EVENT_END;
}

int main(void)
{
	void **kept = NULL;
	GC_INIT();
	for (int i = 0; i < 400000; i++) {
		void **p = GC_MALLOC(64 + (size_t)(i % 50) * 16);
		if (i == 100000 && !GC_get_on_collection_event())
			GC_set_on_collection_event(on_event);
		if (i % 20 == 0) {
			*p = kept;
			kept = p;
		}
	}
	GC_gcollect();
	printf("%lu %zu %d\n", (unsigned long)GC_get_gc_no(), GC_get_heap_size(), nends);
	return kept == NULL;
}
