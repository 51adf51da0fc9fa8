// SPDX-License-Identifier: MIT
// Context: SIG. The rule cache's memory; see rulecache.h.
#include "rulecache.h"

_Atomic uint64_t cp_rulecache[1 << CP_RULECACHE_BITS] CP_TABLE;

void cp_rulecache_flush(void)
{
	for (uint32_t i = 0; i < 1u << CP_RULECACHE_BITS; i++)
		if (load(&cp_rulecache[i], relaxed)) // leaves pages never used untouched, but for the zero page
			store(&cp_rulecache[i], 0, relaxed);
}
