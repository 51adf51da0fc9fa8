// SPDX-License-Identifier: MIT
// Context: CTL. The second mappings that remapscan.c has found; see remapped.h.
#include "remapped.h"

#include "sigsafe/atomic.h"

enum { MAX_RANGES = 64 };

static struct range {
	uintptr_t start, end, home;
} ranges[MAX_RANGES];
static _Atomic uint32_t nranges; // only grows

void cp_remapped_add(uintptr_t start, uintptr_t end, uintptr_t home)
{
	uint32_t n = load(&nranges, relaxed);
	if (n == MAX_RANGES || cp_remapped_home(start) == home)
		return;
	ranges[n] = (struct range){start, end, home};
	store(&nranges, n + 1, release);
}

uintptr_t cp_remapped_home(uintptr_t pc)
{
	// The newest first: it may lie where an older one was.
	for (uint32_t i = load(&nranges, acquire); i-- > 0;) {
		if (pc >= ranges[i].start && pc < ranges[i].end)
			return ranges[i].home + (pc - ranges[i].start);
	}
	return pc;
}
