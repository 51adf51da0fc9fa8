// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/http.h>: argument checks, and loading the listener, which has dependencies a profiled
// program should not have before it asks for them.
#include <cprof/http.h>

#include <errno.h>

#include "cancel.h"
#include "http/handler.h"
#include "http/service.h"
#include "interpose/leave.h"
#include "interpose/visible.h"
#include "kind/cpu.h"

CP_VISIBLE int cprof_http_handle(
		const struct cprof_http_request *request, const struct cprof_http_response *response)
{
	if (!request || !request->method || !request->path || !response || !response->begin || !response->write ||
			(request->body_bytes > 0 && !request->body))
		return -EINVAL;
	cp_leave_call(cp_cpu_checkpoint); // the process's timer would go on after an exec
	int cancel_state = cp_cancel_hold(); // a trace is gathered on this stack
	int ret = cp_http_handle(request, response);
	cp_cancel_release(cancel_state);
	return ret;
}

CP_VISIBLE int cprof_http_serve(const char *address, const struct cprof_http_options *options)
{
	int cancel_state = cp_cancel_hold();
	int ret = address ? cp_http_serve(address, options) : -EINVAL;
	cp_cancel_release(cancel_state);
	if (ret == 0)
		cp_leave_call(cp_cpu_checkpoint);
	return ret;
}

CP_VISIBLE int cprof_http_port(void)
{
	return cp_http_port();
}
