// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/http.h>: argument checks, and loading the listener, which has dependencies a profiled
// program should not have before it asks for them.
#include <cprof/http.h>

#include <errno.h>

#include "http/handler.h"
#include "http/service.h"
#include "interpose/visible.h"

CP_VISIBLE int cprof_http_handle(
		const struct cprof_http_request *request, const struct cprof_http_response *response)
{
	if (!request || !request->method || !request->path || !response || !response->begin || !response->write ||
			(request->body_bytes > 0 && !request->body))
		return -EINVAL;
	return cp_http_handle(request, response);
}

CP_VISIBLE int cprof_http_serve(const char *address, const struct cprof_http_options *options)
{
	return address ? cp_http_serve(address, options) : -EINVAL;
}

CP_VISIBLE int cprof_http_port(void)
{
	return cp_http_port();
}
