// SPDX-License-Identifier: MIT
// Hostile execution traces: through all that is made of them.
#include "tool/trace/derive.h"
#include "tool/trace/load.h"
#include "tool/trace/perfetto.h"
#include "tool/trace/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct timeline *t;
	if (!trace_load(&a, data, size, &t)) {
		struct buf text = {0}, packets = {0};
		struct view view = {.timeline = t, .out = &text, .width = 80};
		summary_put(&view);
		perfetto_encode(t, &packets);
		derive_profile(t, size % DERIVE_NKINDS);
		if (profile_check(t->symbols, &a))
			__builtin_trap(); // a profile that contradicts itself
		buf_deinit(&text);
		buf_deinit(&packets);
		timeline_destroy(t);
	}
	arena_deinit(&a);
	return 0;
}
