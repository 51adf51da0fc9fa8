// SPDX-License-Identifier: MIT
// Units and the numbers people read: "1.12s", "512kB", "11.20%". Pure but for the arena the labels are
// built in. Called by every report; the rules are pprof's, so that its output stays comparable.
#ifndef CPROF_TOOL_MEASUREMENT_H
#define CPROF_TOOL_MEASUREMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/**
 * Converts between units of a family (bytes, time, GCU). to "auto" or "minimum": the largest unit with a
 * value of at least 1. *unit_out is the unit to print: "" for counts. Unknown units: the value as it is.
 */
double measurement_scale(int64_t value, struct str from, struct str to, struct str *unit_out);

/** "1.50MB" (two decimals, ".00" cut, "0" for zero), as measurement_scale scales it. */
struct str measurement_scaled_label(struct arena *a, int64_t value, struct str from, struct str to);
/** The same, to "auto". */
struct str measurement_label(struct arena *a, int64_t value, struct str unit);
/** Formatted into `out` (room for MEASUREMENT_LABEL_BYTES); returns the length. Units over 64 bytes are cut. */
enum { MEASUREMENT_LABEL_BYTES = 420 };
size_t measurement_format(char *out, int64_t value, struct str from, struct str to);

/** "12.34%", "  100%", " 0.05%": |value / total|, 0 for a total of 0. Room for MEASUREMENT_PERCENT_BYTES. */
enum { MEASUREMENT_PERCENT_BYTES = 40 };
size_t measurement_percentage(char *out, int64_t value, int64_t total);

/** Whether two (type, unit) pairs can be brought to one unit. */
bool measurement_compatible(struct str type1, struct str unit1, struct str type2, struct str unit2);

#endif
