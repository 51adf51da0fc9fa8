// SPDX-License-Identifier: MIT
// demangled: for each line on standard input, what lib/symbol/demangle.h makes of it; "" where it makes nothing.
#include <stdio.h>
#include <string.h>

#include "symbol/demangle.h"

int main(void)
{
	static char line[1 << 16];
	while (fgets(line, sizeof(line), stdin)) {
		char out[CP_DEMANGLED_BYTES];
		size_t len = cp_demangle(line, strcspn(line, "\n"), out);
		printf("%.*s\n", (int)len, out);
	}
	return 0;
}
