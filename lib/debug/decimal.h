// SPDX-License-Identifier: MIT
// Context: EARLY. Numbers with a fraction, as the traces print them.
#ifndef CPROF_DEBUG_DECIMAL_H
#define CPROF_DEBUG_DECIMAL_H

#include <stdint.h>

struct cp_debug_decimal {
	char text[32];
};

/** 1520 with 2 digits (1 to 3): "1.52". */
struct cp_debug_decimal cp_debug_decimal(uint64_t thousandths, unsigned digits);

#endif
