// SPDX-License-Identifier: MIT
// Context: CTL. The listener of this process.
#ifndef CPROF_HTTP_SERVICE_H
#define CPROF_HTTP_SERVICE_H

#include <cprof/http.h>

/** As cprof_http_serve() and cprof_http_port(). */
int cp_http_serve(const char *address, const struct cprof_http_options *options);
int cp_http_port(void);

#endif
