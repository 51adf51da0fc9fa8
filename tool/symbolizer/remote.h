// SPDX-License-Identifier: MIT
// Names from the server that a profile came from: gperftools' and net/http/pprof's /symbol, and the
// older /symbolz. Called by symbolizer.c.
#ifndef CPROF_TOOL_SYMBOLIZER_REMOTE_H
#define CPROF_TOOL_SYMBOLIZER_REMOTE_H

#include "tool/symbolizer/symbolizer.h"

/** Asks for the addresses without lines of mappings that have no functions; with `force`, of all. */
struct err *remote_symbolize(struct profile *p, struct arena *a, bool force,
		const struct symbolize_options *o);

/** Where a profile's server answers: ".../debug/pprof/profile?x" -> ".../debug/pprof/symbol". NULL
 *  where `url` has no host. */
const char *remote_symbol_url(struct arena *a, struct str url);

#endif
