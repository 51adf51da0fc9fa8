/* SPDX-License-Identifier: MIT
 *
 * <cprof/http.h>: what Go's net/http/pprof is to a Go server: profiles of a living process, by URL.
 *
 *   cprof_http_serve("localhost:6060", NULL);
 *
 *   go tool pprof http://localhost:6060/debug/pprof/profile?seconds=5
 *   cprof -top http://localhost:6060/debug/pprof/heap
 *
 * A program with an HTTP server of its own mounts cprof_http_handle() there instead, under /debug/pprof.
 *
 * Functions return 0 or a negative errno value, may be called from any thread, and not from a signal
 * handler.
 */
#ifndef CPROF_HTTP_H
#define CPROF_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is allowed. All zero (or a NULL pointer to it) is the careful choice. */
struct cprof_http_options {
	/* Listen on other addresses than the loopback ones, too. Who can connect can profile: see
	 * bearer_token. */
	bool allow_remote;
	/* /debug/pprof/cmdline is not there: arguments may hold secrets. */
	bool hide_cmdline;
	/* Rates may be changed by POST /debug/pprof/rates (CPROF_HTTP_CONTROL=1 in the environment lets
	 * cprof_http_serve() allow it, too). Such a request needs the token or, without one, the header
	 * X-Cprof-Control. */
	bool allow_control;
	/* The longest `seconds` that may be asked for; 0: 300. */
	int max_seconds;
	/* If given, a request must say `Authorization: Bearer TOKEN`. Copied by cprof_http_serve(). */
	const char *bearer_token;
};

/**
 * Serves /debug/pprof/ on a thread of its own until the process ends (Go's blank import and
 * ListenAndServe). The thread takes none of the program's signals and is in no profile.
 *
 * address: "localhost:6060", "127.0.0.1:6060", "[::1]:6060", ":6060" (loopback unless allow_remote); port 0
 * takes a free one. "unix:/path" is a socket only the owner may use; %p in the path: the process id.
 * A fork's child does not serve: it may call this again, with another address.
 *
 * -EINVAL: the address; -EACCES: it is no loopback one, and allow_remote is not set; -ENAMETOOLONG: the socket's
 * path; -EADDRINUSE and what else bind(2) says; -EALREADY: this process serves already; -ENOENT: libcprof-http.so.0
 * is not found (package libcprof-http), or the socket's folder.
 */
int cprof_http_serve(const char *address, const struct cprof_http_options *options);

/** The port of cprof_http_serve(); 0: none, or a Unix socket. */
int cprof_http_port(void);

/** A request, without the socket it came from. Strings end by NUL, and are the caller's. */
struct cprof_http_request {
	const char *method; /* "GET" */
	const char *path;   /* as it was sent, without the query: "/debug/pprof/heap" */
	const char *query;  /* as it was sent, without the question mark; NULL: none */
	/* The header "Host", checked against DNS rebinding: only localhost and addresses are answered, no
	 * names. NULL: there is none, or the server has checked it itself. */
	const char *host;
	const char *authorization; /* the header "Authorization"; NULL: none */
	const char *control;       /* the header "X-Cprof-Control"; NULL: none */
	const void *body;
	size_t body_bytes;
	const struct cprof_http_options *options; /* NULL: as for cprof_http_serve() */
	/* Sleeps for timeout_ns, and is called again if that was too short; true at once when the client has gone,
	 * which ends the request. NULL: the request takes its time, whatever becomes of the client. */
	bool (*wait)(void *arg, uint64_t timeout_ns);
	void *wait_arg;
};

struct cprof_http_header {
	const char *name, *value;
};

/** Where the answer goes. Both functions return 0 or a negative errno, which ends the request. */
struct cprof_http_response {
	/* Called once, before any write. The headers are gone when it returns. */
	int (*begin)(void *arg, int status, const struct cprof_http_header *headers, size_t nheaders);
	/* A part of the body. Not called for HEAD. */
	int (*write)(void *arg, const void *data, size_t size);
	void *arg;
};

/**
 * Answers one request (Go's ServeHTTP), on the calling thread. With `seconds` it takes that long, so call
 * it where others are not kept waiting. Any number of threads may be in it at once; overlapping CPU
 * profiles share one sampler, and each gets its own window.
 *
 * 0: the response was begun, whatever its status; else the error of `begin` or `write`; -EINVAL.
 */
int cprof_http_handle(
		const struct cprof_http_request *request, const struct cprof_http_response *response);

#ifdef __cplusplus
}
#endif

#endif
