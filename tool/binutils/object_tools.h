// SPDX-License-Identifier: MIT
// The external object tools: which of llvm-symbolizer, addr2line, nm and objdump to run, and where.
// Found from -tools / PPROF_TOOLS as pprof finds them, but only when first needed: most reports need
// none. A tool is `named` when it stands in a directory the user gave; symbolizing and listing
// symbols run in process (libdw) unless their tool was named, disassembly always runs objdump.
#ifndef CPROF_TOOL_BINUTILS_OBJECT_TOOLS_H
#define CPROF_TOOL_BINUTILS_OBJECT_TOOLS_H

#include <stdbool.h>

#include "base/arena.h"
#include "tool/binutils/tool_outputs.h"

struct tool {
	const char *path; // where it was found; else its plain name, for the shell's search to fail on
	bool found;
	bool named; // in a directory of -tools
};

struct object_tools;

/** config: comma list of "dir" or "tool:dir"; NULL or "" means $PATH. */
struct object_tools *object_tools_new(struct arena *a, const char *config);

const struct tool *object_tools_llvm_symbolizer(struct object_tools *t);
const struct tool *object_tools_addr2line(struct object_tools *t);
const struct tool *object_tools_nm(struct object_tools *t);

/** Runs `objdump --version` (llvm-objdump first) at the first call. */
const struct tool *object_tools_objdump(struct object_tools *t, bool *is_llvm_out);

/** What is run by object_tools_output() is from now on noted in `outputs` and not waited for; NULL: it is run. */
void object_tools_note_in(struct object_tools *t, struct tool_outputs *outputs);

/** Appends what one of them prints: see tool_outputs_get(). t NULL: it is run. */
struct err *object_tools_output(struct object_tools *t, struct arena *a, const char *const argv[], struct buf *out);

#endif
