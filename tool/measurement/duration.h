// SPDX-License-Identifier: MIT
// Points and spans of time in Go's notation, which pprof's users know: "1h40m0s", "2006-01-02 15:04:05
// +0000 UTC".
#ifndef CPROF_TOOL_DURATION_H
#define CPROF_TOOL_DURATION_H

#include <stddef.h>
#include <stdint.h>

enum { DURATION_BYTES = 40, TIME_BYTES = 80 };

/** time.Duration.String() into `out` (room for DURATION_BYTES), NUL-terminated; returns the length. */
size_t duration_format(char *out, int64_t ns);

/** time.Unix(0, ns).String() in the local zone, into `out` (room for TIME_BYTES), NUL-terminated. */
size_t time_format(char *out, int64_t unix_ns);

#endif
