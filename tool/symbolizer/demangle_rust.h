// SPDX-License-Identifier: MIT
// Demangling of Rust's names. Private to demangle.c.
#ifndef CPROF_TOOL_SYMBOLIZER_DEMANGLE_RUST_H
#define CPROF_TOOL_SYMBOLIZER_DEMANGLE_RUST_H

#include <stdbool.h>

#include "base/buf.h"
#include "tool/symbolizer/demangle.h"

/** False where it is none of Rust's. `out` begins empty, and may hold anything then. */
bool demangle_rust(struct buf *out, const char *mangled, enum demangle_mode mode);

#endif
