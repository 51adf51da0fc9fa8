// SPDX-License-Identifier: MIT
// Hazard 40: what jemalloc's own functions make and free, as BIND does: once such a heap was empty. Who has no jemalloc
// asks whether they are there, as some programs do, and finds ours.
#include <stdint.h>
#include <string.h>

#include "heap_truth.h"

__attribute__((weak)) void *mallocx(size_t size, int flags);
__attribute__((weak)) void *rallocx(void *ptr, size_t size, int flags);
__attribute__((weak)) void dallocx(void *ptr, int flags);
__attribute__((weak)) void sdallocx(void *ptr, size_t size, int flags);

enum { ROUNDS = 100, BYTES = 1000, WIDE_BYTES = 3000, LG_ALIGN = 8, ZERO = 0x40 };

__attribute__((noipa)) static void *make(struct truth *t, size_t size, int flags)
{
	char *p = took(t, mallocx(size, flags), size);
	MUST((uintptr_t)p % ((size_t)1 << (flags & 0x3f)) == 0);
	for (size_t i = 0; flags & ZERO && i < size; i++)
		MUST(p[i] == 0);
	return memset(p, 1, size);
}

__attribute__((noipa)) static void *widen(struct truth *made, struct truth *widened, void *p, int flags)
{
	gave(made, BYTES);
	char *wide = took(widened, rallocx(p, WIDE_BYTES, flags), WIDE_BYTES);
	MUST((uintptr_t)wide % ((size_t)1 << (flags & 0x3f)) == 0);
	for (int i = 0; i < BYTES; i++)
		MUST(wide[i] == 1);
	return wide;
}

int main(void)
{
	static const int flags[] = {0, ZERO, LG_ALIGN, LG_ALIGN | ZERO};
	static struct truth made, widened;
	MUST(mallocx && rallocx && dallocx && sdallocx);
	MUST(!mallocx(SIZE_MAX / 4, 0));
	for (int i = 0; i < ROUNDS; i++) {
		int f = flags[i % 4];
		dallocx(make(&made, BYTES, f), f);
		gave(&made, BYTES);
		sdallocx(make(&made, BYTES, f), BYTES, f);
		gave(&made, BYTES);
		free(make(&made, BYTES, f));
		gave(&made, BYTES);
		void *kept = widen(&made, &widened, make(&made, BYTES, f), f);
		MUST(!rallocx(kept, SIZE_MAX / 4, f));
		if (i % 4 == 0) {
			sdallocx(kept, WIDE_BYTES, f);
			gave(&widened, WIDE_BYTES);
		}
	}
	say("make", &made);
	say("widen", &widened);
	return 0;
}
