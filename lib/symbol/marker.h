// SPDX-License-Identifier: MIT
// Context: CTL. Markers in words.
#ifndef CPROF_SYMBOL_MARKER_H
#define CPROF_SYMBOL_MARKER_H

#include "sigsafe/types.h"

/** The function a profile shows at the root of a stack that was cut; "" for CP_MARKER_NONE. */
const char *cp_marker_name(enum cp_marker marker);

#endif
