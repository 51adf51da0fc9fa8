// SPDX-License-Identifier: MIT
// What an address turns into: one frame, or several where functions were inlined.
#ifndef CPROF_TOOL_SYMBOLIZER_FRAME_H
#define CPROF_TOOL_SYMBOLIZER_FRAME_H

#include <stdint.h>

#include "base/str.h"

struct frame {
	struct str function; // as the linker knows it (mangled); empty where unknown
	struct str file;
	int64_t line, column; // 0 where unknown
	int64_t start_line;   // of the function
};

struct frames {
	const struct frame *items; // innermost inlined function first
	uint32_t n;
};

#endif
