// SPDX-License-Identifier: MIT
// Hostile perf.data files.
#include "tool/perfdata/perfdata.h"
#include "tool/profile/profile.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct profile *p;
	if (!perfdata_parse(&a, data, size, &p))
		profile_destroy(p);
	arena_deinit(&a);
	return 0;
}
