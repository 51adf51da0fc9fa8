// SPDX-License-Identifier: MIT
// The handler of /debug/pprof/, with requests of any form: what goes wrong here goes wrong in the profiled
// process. The first bytes choose the method and where the path, the query and the rest end. Nothing waits.
#include <cprof/http.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/handler.h"

struct outcome {
	int status;
	size_t body_bytes;
};

static int begin(void *arg, int status, const struct cprof_http_header *headers, size_t nheaders)
{
	struct outcome *o = arg;
	if (o->status)
		abort(); // begun twice
	o->status = status;
	for (size_t i = 0; i < nheaders; i++) {
		// Nothing of the request may break out of its header.
		if (strpbrk(headers[i].name, "\r\n:") || strpbrk(headers[i].value, "\r\n"))
			abort();
	}
	return 0;
}

static int write_body(void *arg, const void *data, size_t size)
{
	struct outcome *o = arg;
	if (!o->status)
		abort();
	o->body_bytes += size;
	return 0;
}

/** Who has to wait is gone. */
static bool do_not_wait(void *arg, uint64_t timeout_ns)
{
	return true;
}

/** The next part of the input, up to a NUL, as a string of its own. */
static char *next_part(const uint8_t **data, size_t *size)
{
	size_t len = 0;
	while (len < *size && (*data)[len])
		len++;
	char *part = malloc(len + 1);
	memcpy(part, *data, len);
	part[len] = '\0';
	size_t taken = len < *size ? len + 1 : len;
	*data += taken;
	*size -= taken;
	return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT"};
	static const struct cprof_http_options with_token = {.bearer_token = "t", .hide_cmdline = true};
	if (size < 2)
		return 0;
	struct outcome outcome = {0};
	uint8_t choice = data[0];
	const uint8_t *at = data + 1;
	size_t left = size - 1;
	char *name = next_part(&at, &left), *query = next_part(&at, &left), *host = next_part(&at, &left);
	char *path = malloc(strlen(name) + 32);
	strcpy(path, choice & 4 ? "/debug/pprof/" : "");
	strcat(path, name);
	const struct cprof_http_request request = {
			.method = methods[choice & 3],
			.path = path,
			.query = query,
			.host = choice & 8 ? host : NULL,
			.authorization = choice & 16 ? host : NULL,
			.body = at,
			.body_bytes = left,
			.options = choice & 32 ? &with_token : NULL,
			.wait = do_not_wait,
	};
	const struct cprof_http_response response = {begin, write_body, &outcome};
	if (cp_http_handle(&request, &response) < 0 || outcome.status == 0 ||
			(outcome.body_bytes && (choice & 3) == 1))
		abort();
	free(path);
	free(name);
	free(query);
	free(host);
	return 0;
}
