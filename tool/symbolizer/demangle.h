// SPDX-License-Identifier: MIT
// Readable names of C++ and Rust functions, in the forms pprof shows them.
#ifndef CPROF_TOOL_SYMBOLIZER_DEMANGLE_H
#define CPROF_TOOL_SYMBOLIZER_DEMANGLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

enum demangle_mode {
	DEMANGLE_NONE,
	DEMANGLE_SIMPLE,    // ns::f: no parameters (nor of enclosing functions), no template arguments
	DEMANGLE_TEMPLATES, // ns::f<int>
	DEMANGLE_FULL,      // void ns::f<int>(int); without clone suffixes
};

struct profile;

/** False where `name` is not a mangled name. The text lives in `a`. */
bool demangle(struct arena *a, struct str name, enum demangle_mode mode, struct str *text_out);

/** A name that reads like C++ already loses what the mode does not show. */
struct str demangle_shorten(struct arena *a, struct str name, enum demangle_mode mode);

/** Names all functions of p that have no name but their system name; with `force`, all. */
void demangle_profile(struct profile *p, struct arena *a, bool force, enum demangle_mode mode);

#endif
