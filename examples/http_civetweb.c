// SPDX-License-Identifier: MIT
// /debug/pprof/ on a server of your own, here one of civetweb, whose handlers may take their time: each runs on a
// thread of its pool. civetweb keeps its sockets to itself, so a client that leaves is noticed by the first write;
// until then its profile runs, for 60 seconds at most.
//
//   cc http_civetweb.c $(pkg-config --cflags --libs libcprof) -lcivetweb -o http_civetweb
//   ./http_civetweb 8080 &  cprof -top 'http://localhost:8080/debug/pprof/profile?seconds=2'
#include <civetweb.h>
#include <cprof/http.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_BODY_BYTES = 1 << 20 };

static const struct cprof_http_options options = {.max_seconds = 60};

/* The two functions that cprof_http_handle() answers by. */
static int begin(void *arg, int status, const struct cprof_http_header *headers, size_t nheaders)
{
	struct mg_connection *connection = arg;
	mg_response_header_start(connection, status);
	for (size_t i = 0; i < nheaders; i++)
		mg_response_header_add(connection, headers[i].name, headers[i].value, -1);
	return mg_response_header_send(connection) < 0 ? -EPIPE : 0;
}

static int write_body(void *arg, const void *data, size_t size)
{
	return mg_write(arg, data, size) == (int)size ? 0 : -EPIPE;
}

/** Some 70,000 addresses of POST /debug/pprof/symbol fit. What is longer is cut. */
static size_t read_body(struct mg_connection *connection, char *body)
{
	size_t len = 0;
	for (int n; len < MAX_BODY_BYTES && (n = mg_read(connection, body + len, MAX_BODY_BYTES - len)) > 0;)
		len += (size_t)n;
	return len;
}

static int on_profile(struct mg_connection *connection, void *arg)
{
	const struct mg_request_info *info = mg_get_request_info(connection);
	char *body = malloc(MAX_BODY_BYTES);
	const struct cprof_http_request request = {
			.method = info->request_method,
			.path = info->request_uri,
			.query = info->query_string,
			.host = mg_get_header(connection, "Host"),
			.authorization = mg_get_header(connection, "Authorization"),
			.control = mg_get_header(connection, "X-Cprof-Control"),
			.body = body,
			.body_bytes = body ? read_body(connection, body) : 0,
			.options = &options,
	};
	const struct cprof_http_response response = {begin, write_body, connection};
	int ret = cprof_http_handle(&request, &response);
	free(body);
	return ret < 0 ? 500 : 200; // for civetweb's log
}

/** Your own pages. */
static int on_request(struct mg_connection *connection, void *arg)
{
	return mg_send_http_ok(connection, "text/plain", 6) < 0 ? 500 : mg_write(connection, "hello\n", 6) ? 200 : 500;
}

int main(int argc, char **argv)
{
	char address[32];
	snprintf(address, sizeof(address), "127.0.0.1:%d", argc > 1 ? atoi(argv[1]) : 8080);
	const char *settings[] = {"listening_ports", address, "num_threads", "8", NULL};
	mg_init_library(0);
	struct mg_context *server = mg_start(NULL, NULL, settings);
	if (!server) {
		fprintf(stderr, "cannot listen at %s\n", address);
		return 1;
	}
	mg_set_request_handler(server, "/debug/pprof", on_profile, NULL); // and all below it
	mg_set_request_handler(server, "/", on_request, NULL);
	for (;;)
		pause();
}
