// SPDX-License-Identifier: MIT
// Debug information from the servers that DEBUGINFOD_URLS names, through elfutils' libdebuginfod and its cache.
// libdw would ask it by itself, but for a long time where a server does not answer, and it tells of no failure.
// Called by dwarf_file.c.
#ifndef CPROF_TOOL_SYMBOLIZER_DEBUGINFOD_H
#define CPROF_TOOL_SYMBOLIZER_DEBUGINFOD_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/** Takes DEBUGINFOD_URLS out of the environment, so that libdw asks nobody, until it is shown again with what this
 *  returned (NULL: it is not set). No other thread may be running. */
char *debuginfod_hide(struct arena *a);
void debuginfod_show(const char *urls);

/** *fd_out: the file, or -1 where no server has it. An error where servers could not be asked or did not answer in
 *  DEBUGINFOD_TIMEOUT seconds (15 where that is not set); after one, nothing is asked any more. */
struct err *debuginfod_fetch(struct arena *a, const uint8_t *build_id, size_t nbytes, int *fd_out);

#endif
