// SPDX-License-Identifier: MIT
// The demangler in the profiled process: names come from symbol tables of any file that is loaded.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const prefixes[] = {"_Z", "_R"};
	char out[CP_DEMANGLED_BYTES];
	char *mangled = malloc(size + 2); // exactly as long, so that a byte too many is seen
	memcpy(mangled + 2, data, size);
	for (int i = 0; i < 2; i++) {
		memcpy(mangled, prefixes[i], 2);
		if (cp_demangle(mangled, size + 2, out) > sizeof(out))
			abort();
	}
	free(mangled);
	return 0;
}
