// SPDX-License-Identifier: MIT
// llvm-symbolizer and addr2line, asked as pprof asks them: a process a binary, an address a round
// trip. Called by resolver.c, only where the user named such a tool with -tools.
#ifndef CPROF_TOOL_SYMBOLIZER_EXTERNAL_H
#define CPROF_TOOL_SYMBOLIZER_EXTERNAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "tool/symbolizer/frame.h"

struct external;

struct err *external_llvm_symbolizer(struct arena *a, const char *tool, const char *file,
		bool is_data, struct external **out);

/** nm gives the names that addr2line cuts short. */
struct err *external_addr2line(struct arena *a, const char *tool, const char *nm, const char *file,
		struct external **out);

/** Frames and strings live in `a`. */
struct err *external_lookup(struct external *x, struct arena *a, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out);

void external_close(struct external *x);

#endif
