// SPDX-License-Identifier: MIT
// Turns the addresses of a profile into functions, files, lines and inlined frames: from the
// binaries at hand (local), from the server the profile came from (remote), and gives C++ and Rust
// names a readable form (demangle). tool/driver calls this once per merged profile, before
// drop_frames; it needs no terminal and no network of its own: warnings and POSTs go through
// callbacks.
#ifndef CPROF_TOOL_SYMBOLIZER_H
#define CPROF_TOOL_SYMBOLIZER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct profile;
struct object_tools; // tool/binutils/object_tools.h

/** Where the addresses of a mapping were collected: the server that can name them. */
struct mapping_source {
	struct str key;          // the mapping's file, or its build id
	struct str url;          // "http://host/debug/pprof/profile?seconds=5"
	uint64_t start;          // where that server had the mapping
};

struct symbolize_options {
	const char *mode;        // the value of -symbolize, "" or NULL for the default
	struct object_tools *tools;   // from -tools; external symbolizers run only where the user named them
	const char *debug_path;  // ':' list of directories that may hold .build-id/ trees; may be NULL
	const struct mapping_source *sources; // grouped in the order they were fetched
	size_t nsources;

	/** One message for the user, without newline at the end (pprof's ui.PrintErr). */
	void (*warn)(void *arg, const char *message);
	/** POSTs `body` (application/octet-stream) and leaves the reply, living in `a`, in *reply_out.
	 *  Errors read "http post URL: server response: 404 Not Found". NULL: no remote symbolization. */
	struct err *(*post)(void *arg, struct arena *a, const char *url, struct str body,
			struct str *reply_out);
	void *arg; // of both
};

/** Symbolizes p in place. Only a failed remote symbolization is an error; all else is a warning. */
struct err *symbolize(struct profile *p, struct arena *a, const struct symbolize_options *o);

#endif
