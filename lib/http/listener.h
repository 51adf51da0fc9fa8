// SPDX-License-Identifier: MIT
// Context: CTL. Between libcprof and libcprof-http.so, which it loads when a listener is asked for: the
// library needs nothing of libcprof by name, so it works for a linked, a preloaded and a static one alike.
#ifndef CPROF_HTTP_LISTENER_H
#define CPROF_HTTP_LISTENER_H

#include <cprof/http.h>
#include <pthread.h>

#define CP_HTTP_LIBRARY "libcprof-http.so.0"
#define CP_HTTP_ENTRY "cprof_http_listener_start"

/** What the listener needs of libcprof. */
struct cp_http_host {
	size_t size; // of this structure: both are of one version, or do not work together
	int (*handle)(const struct cprof_http_request *request, const struct cprof_http_response *response);
	/** Starts a thread of ours: no signals, in no profile. 0 or a negative errno. */
	int (*start_thread)(const char *name, void (*run)(void *arg), void *arg);
	/** The calling thread, and those it will start, have descriptors of their own from now on, none so far.
	 *  False: they cannot. */
	bool (*leave_files)(void);
	/** Has fn called where the process ends past its destructors. */
	void (*at_end)(void (*fn)(void));
	/** The path of a Unix socket, %p expanded. 0 or a negative errno. */
	int (*expand_path)(const char *given, char *path_out, size_t size);
};

/** Binds, and serves until the process ends. *port_out: of a TCP socket. The function CP_HTTP_ENTRY. */
typedef int cp_http_listener_start(const struct cp_http_host *host, const char *address,
		const struct cprof_http_options *options, int *port_out);

#endif
