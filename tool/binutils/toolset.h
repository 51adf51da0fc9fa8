// SPDX-License-Identifier: MIT
// The external object tools: which of llvm-symbolizer, addr2line, nm and objdump to run, and where.
// Found from -tools / PPROF_TOOLS as pprof finds them, but only when first needed: most reports need
// none. A tool is `named` when it stands in a directory the user gave; symbolizing and listing
// symbols run in process (libdw) unless their tool was named, disassembly always runs objdump.
#ifndef CPROF_TOOL_BINUTILS_TOOLSET_H
#define CPROF_TOOL_BINUTILS_TOOLSET_H

#include <stdbool.h>

#include "base/arena.h"

struct tool {
	const char *path; // where it was found; else its plain name, for the shell's search to fail on
	bool found;
	bool named; // in a directory of -tools
};

struct toolset;

/** config: comma list of "dir" or "tool:dir"; NULL or "" means $PATH. */
struct toolset *toolset_new(struct arena *a, const char *config);

const struct tool *toolset_llvm_symbolizer(struct toolset *t);
const struct tool *toolset_addr2line(struct toolset *t);
const struct tool *toolset_nm(struct toolset *t);

/** Runs `objdump --version` (llvm-objdump first) at the first call. */
const struct tool *toolset_objdump(struct toolset *t, bool *is_llvm_out);

#endif
