// SPDX-License-Identifier: MIT
// Text of other programs: objdump's listings, symbol names of hostile binaries.
#include "tool/binutils/disassembly.h"
#include "tool/symbolizer/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct str text = {(const char *)data, size}, name;
	disassembly_parse(&a, text);
	for (enum demangle_mode mode = DEMANGLE_SIMPLE; mode <= DEMANGLE_FULL; mode++) {
		demangle(&a, text, mode, &name);
		demangle_shorten(&a, text, mode);
	}
	arena_deinit(&a);
	return 0;
}
