// SPDX-License-Identifier: MIT
// Frames of the addresses of one mapped binary, by whatever serves: libdw in process as a rule, or
// llvm-symbolizer or addr2line where the user named them with -tools. Called by local.c for a
// profile and by the weblist report for the instructions it shows.
#ifndef CPROF_TOOL_SYMBOLIZER_RESOLVER_H
#define CPROF_TOOL_SYMBOLIZER_RESOLVER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "tool/symbolizer/frame.h"

struct objfile;
struct object_tools;
struct resolver;

struct resolver_options {
	struct object_tools *tools; // may be NULL
	const char *debug_path;     // see symbolizer.h
	bool names_only;            // -symbolize=fastlocal
};

/** f's base must be known (objfile_address). The file is opened at the first lookup. */
struct resolver *resolver_new(struct arena *a, const struct objfile *f,
		const struct resolver_options *options);

/** addresses: ascending, distinct, in the file's numbering. Frames and their strings live as long as
 *  the arena and the resolver. */
struct err *resolver_lookup(struct resolver *r, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out);

/** After a lookup that went well: what it could have told more of, or NULL. */
struct err *resolver_shortcoming(const struct resolver *r);

void resolver_close(struct resolver *r);

#endif
