// SPDX-License-Identifier: MIT
// Context: EARLY. See decimal.h.
#include "decimal.h"

#include "write/vformat.h"

struct cp_debug_decimal cp_debug_decimal(uint64_t thousandths, unsigned digits)
{
	struct cp_debug_decimal d;
	unsigned fraction = (unsigned)(thousandths % 1000);
	size_t len = cp_format(d.text, sizeof(d.text), "%llu.%u%u%u", (unsigned long long)thousandths / 1000,
			fraction / 100, fraction / 10 % 10, fraction % 10);
	d.text[len - (3 - digits)] = '\0';
	return d;
}
