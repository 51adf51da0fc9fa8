// SPDX-License-Identifier: MIT
// Deciding what is a URL, and giving it the duration asked for.
#ifndef CPROF_TOOL_DRIVER_URL_H
#define CPROF_TOOL_DRIVER_URL_H

#include "base/arena.h"

struct profile_url {
	const char *text; // NULL: the source is no URL
	int timeout_s;    // for the answer to arrive
};

/** seconds and timeout_s as in struct request. A host without a scheme is taken as http, and one without a path
 *  is asked for default_path. */
struct profile_url profile_url_of(struct arena *a, const char *source, const char *default_path, int seconds,
		int timeout_s);

/** The length of "unix:/run/app.sock" in front of "/debug/pprof/heap", which is the path there; 0: it is another URL.
 */
size_t url_socket_len(const char *url);

#endif
