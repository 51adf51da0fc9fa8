// SPDX-License-Identifier: MIT
// See perf_cache.h.
#include "tool/symbolizer/perf_cache.h"

#include <ctype.h>
#include <stdlib.h>

const char *perf_cache_path(struct arena *a, struct str build_id)
{
	const char *home = getenv("HOME");
	if (!home || !*home || build_id.len < 3)
		return NULL;
	for (size_t i = 0; i < build_id.len; i++) // a profile may say anything
		if (!isxdigit((unsigned char)build_id.ptr[i]))
			return NULL;
	return arena_printf(a, "%s/.debug/.build-id/%.2s/%.*s/elf", home, build_id.ptr,
			STR_FMT(str_slice(build_id, 2, build_id.len)));
}
