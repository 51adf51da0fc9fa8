// SPDX-License-Identifier: MIT
// From a request to a response, without a socket.
#ifndef CPROF_TOOL_WEB_ANSWER_H
#define CPROF_TOOL_WEB_ANSWER_H

#include "tool/driver/query.h"
#include "tool/driver/analysis.h"

enum web_status {
	STATUS_OK = 200,
	STATUS_MOVED = 301,
	STATUS_REDIRECT = 307,
	STATUS_BAD = 400,
	STATUS_FORBIDDEN = 403,
	STATUS_NOT_FOUND = 404,
	STATUS_WRONG_METHOD = 405,
	STATUS_UNAVAILABLE = 501,
};

/** What the server was started with. */
struct web {
	const struct session *session;
	const struct config *config;  // of the command line: what a URL does not change
	const char *settings_path;    // or NULL
	bool is_local;                // only this machine may ask
};

enum web_method { WEB_GET, WEB_POST, WEB_DELETE, WEB_OTHER }; // HEAD is a GET to all but the server

struct web_request {
	enum web_method method;
	const char *path;   // as sent, encoded; begins with a slash
	struct str query;   // as sent, without the question mark
	const char *client; // numeric address
	const char *host;   // Host header; "" for none
	const char *origin; // Origin header, or NULL
};

struct web_response {
	int status;
	const char *type;
	const char *location;   // of a redirect
	const char *file_name;  // to be saved under, or NULL
	char nonce[33];         // of the scripts in the body; "" where it has none
	struct buf body;        // the caller's to free
	struct buf graph;       // likewise. Not empty: for graphviz; the body lacks the picture,
	size_t graph_at;        // at this place
};

/** Strings of the response live in `a`. */
void web_answer(struct arena *a, const struct web *w, const struct web_request *r,
		struct web_response *out);

/** Puts in what graphviz made of the graph of such an answer, or why it made nothing. */
void web_put_graph(struct arena *a, const struct web *w, const struct web_request *r, struct str svg,
		const struct err *error, struct web_response *response);

#endif
