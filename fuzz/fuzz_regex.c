// SPDX-License-Identifier: MIT
// Regular expressions come by URL. The first line is one, the rest a name to match.
#include <stdlib.h>

#include "tool/profile/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str name = {(const char *)data, size}, pattern = str_cut(&name, '\n');
	struct arena a = {0};
	struct regex *re = NULL;
	if (!regex_compile(&a, pattern, &re)) {
		struct regex_span span;
		if (regex_find(re, name, 0, &span, 1) && (span.begin > span.end || span.end > name.len))
			__builtin_trap();
		regex_free(re);
	}
	arena_deinit(&a);
	return 0;
}
