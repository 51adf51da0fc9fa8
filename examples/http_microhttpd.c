// SPDX-License-Identifier: MIT
// /debug/pprof/ on a server of your own, here one of libmicrohttpd with a thread a connection, which may wait.
//
//   cc http_microhttpd.c $(pkg-config --cflags --libs libcprof libmicrohttpd) -o http_microhttpd
//   ./http_microhttpd 8080 &  cprof -top 'http://localhost:8080/debug/pprof/profile?seconds=2'
#define _GNU_SOURCE // POLLRDHUP
#include <arpa/inet.h>
#include <cprof/http.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BODY_BYTES = 1 << 20 };

struct text {
	char *ptr;
	size_t len;
};

/** One request, from its first line to the end of its answer. */
struct exchange {
	char *uri; // as it was sent: on_request() gets it decoded, and in pieces
	struct text body, answer;
	int fd; // of the client
	int status;
	struct MHD_Response *response;
};

static bool append(struct text *text, const void *data, size_t size)
{
	char *grown = realloc(text->ptr, text->len + size);
	if (!grown)
		return false;
	memcpy(grown + text->len, data, size);
	*text = (struct text){grown, text->len + size};
	return true;
}

static ssize_t read_answer(void *arg, uint64_t at, char *out, size_t size)
{
	const struct text *answer = &((struct exchange *)arg)->answer;
	size_t left = answer->len - (size_t)at;
	if (left == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	size = left < size ? left : size;
	memcpy(out, answer->ptr + at, size);
	return (ssize_t)size;
}

/* The functions that cprof_http_handle() answers by: what it says is gathered, and sent when it is whole. */
static int begin(void *arg, int status, const struct cprof_http_header *headers, size_t nheaders)
{
	struct exchange *x = arg;
	x->status = status;
	x->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1 << 16, read_answer, x, NULL);
	for (size_t i = 0; x->response && i < nheaders; i++)
		MHD_add_response_header(x->response, headers[i].name, headers[i].value);
	return x->response ? 0 : -ENOMEM;
}

static int write_body(void *arg, const void *data, size_t size)
{
	struct exchange *x = arg;
	return append(&x->answer, data, size) ? 0 : -ENOMEM;
}

/** And the one by which it waits, so that a client that leaves ends its profile. */
static bool wait_for_client(void *arg, uint64_t timeout_ns)
{
	struct pollfd client = {.fd = ((struct exchange *)arg)->fd, .events = POLLRDHUP};
	return poll(&client, 1, (int)(timeout_ns / 1000000) + 1) > 0;
}

static enum MHD_Result answer_profile(struct MHD_Connection *connection, const char *method, struct exchange *x)
{
	char *query = strchr(x->uri, '?');
	if (query)
		*query++ = '\0';
	const struct cprof_http_request request = {
			.method = method,
			.path = x->uri,
			.query = query,
			.host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host"),
			.authorization = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization"),
			.control = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Cprof-Control"),
			.body = x->body.ptr,
			.body_bytes = x->body.len,
			.wait = wait_for_client,
			.wait_arg = x,
	};
	const struct cprof_http_response response = {begin, write_body, x};
	x->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	int ret = cprof_http_handle(&request, &response);
	enum MHD_Result queued = ret == 0 ? MHD_queue_response(connection, (unsigned)x->status, x->response) : MHD_NO;
	if (x->response)
		MHD_destroy_response(x->response);
	return queued;
}

/** Your own pages. */
static enum MHD_Result answer_hello(struct MHD_Connection *connection)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(6, (void *)"hello\n", MHD_RESPMEM_PERSISTENT);
	enum MHD_Result queued = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return queued;
}

/** Called when the headers are there, at each part of a body, and when all is there. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
		const char *version, const char *upload, size_t *upload_bytes, void **request)
{
	struct exchange *x = *request;
	if (x->status == 0) {
		x->status = MHD_HTTP_CONTINUE;
		return MHD_YES;
	}
	if (*upload_bytes > 0) {
		if (x->body.len + *upload_bytes > MAX_BODY_BYTES || !append(&x->body, upload, *upload_bytes))
			return MHD_NO;
		*upload_bytes = 0;
		return MHD_YES;
	}
	if (strncmp(url, "/debug/pprof", 12) == 0)
		return answer_profile(connection, method, x);
	return answer_hello(connection);
}

static void *on_begin(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct exchange *x = calloc(1, sizeof(*x));
	if (x)
		x->uri = strdup(uri);
	return x;
}

static void on_end(void *arg, struct MHD_Connection *connection, void **request, enum MHD_RequestTerminationCode how)
{
	struct exchange *x = *request;
	free(x->uri);
	free(x->body.ptr);
	free(x->answer.ptr);
	free(x);
}

int main(int argc, char **argv)
{
	const struct sockaddr_in address = {
			.sin_family = AF_INET,
			.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 8080)),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct MHD_Daemon *server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
			NULL, NULL, on_request, NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_URI_LOG_CALLBACK,
			on_begin, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
	if (!server) {
		perror("listen");
		return 1;
	}
	for (;;)
		pause();
}
