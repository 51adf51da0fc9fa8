// SPDX-License-Identifier: MIT
// Context: EARLY. A program linked with libcprof has its heap profile from the first allocation on, as a Go
// program has, and knows who made its threads. (An injected one asks for it; see lib/preload.)
#include "kind/heap.h"
#include "kind/threadcreate.h"

enum { DEFAULT_RATE_BYTES = 512 << 10 };

__attribute__((constructor)) static void set_default_rate(void)
{
	cp_heap_set_rate(DEFAULT_RATE_BYTES); // no memory: then there is no heap profile
	cp_threadcreate_start();
}
