// SPDX-License-Identifier: MIT
// What -http= names: [host]:[port].
#ifndef CPROF_TOOL_WEB_ADDRESS_H
#define CPROF_TOOL_WEB_ADDRESS_H

#include "base/err.h"

struct web_address {
	const char *host; // "localhost" where none was given
	int port;         // 0: any
};

/** Errors in pprof's words, which are Go's. */
struct err *web_address_parse(struct arena *a, const char *text, struct web_address *out);

#endif
