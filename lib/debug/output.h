// SPDX-License-Identifier: MIT
// Context: CTL. Where the lines of CPROFDEBUG go: the standard error the program was started with, or a file.
#ifndef CPROF_DEBUG_OUTPUT_H
#define CPROF_DEBUG_OUTPUT_H

#include <cprof/pprof.h>

/** A path, with %p for the process id; "", or one that cannot be: standard error. */
void cp_debug_output_set(const char *template);

/**
 * Appends. No descriptor is kept: a daemon closes all it finds, and what opens next may get the number of
 * standard error. So a line goes there only while it still is what it was at the start; the rest is dropped.
 */
struct cprof_writer cp_debug_output(void);

/** One line, cut to 4,095 bytes, in one write. No lock, no malloc, errno kept: also inside libgc's callbacks. */
void cp_debug_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
