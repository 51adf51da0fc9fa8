// SPDX-License-Identifier: MIT
// [host]:[port] (see address.h), split as Go's net.SplitHostPort does.
#include "address.h"

#include <string.h>

#include "base/num.h"
#include "base/quote.h"

enum { MAX_PORT = 65535 };

static struct err *bad(struct arena *a, const char *text, const char *why)
{
	return err_new(a, "could not split http address: address %s: %s", text, why);
}

static struct err *parse_port(struct arena *a, const char *text, int *port_out)
{
	int64_t port = 0;
	enum num_status st = *text ? num_parse_int(text, 10, 64, &port) : NUM_OK;
	if (st != NUM_OK)
		return err_new(a, "invalid port number: strconv.Atoi: parsing %s: %s",
				quote_go(a, str_from(text)), num_status_text(st));
	if (port < 0 || port > MAX_PORT)
		return err_new(a, "listen tcp: address %s: invalid port", text);
	*port_out = (int)port;
	return NULL;
}

struct err *web_address_parse(struct arena *a, const char *text, struct web_address *out)
{
	const char *colon = strrchr(text, ':'), *host = text, *end = colon;
	if (!colon)
		return bad(a, text, "missing port in address");
	if (*text == '[') {
		end = strchr(++host, ']');
		if (!end)
			return bad(a, text, "missing ']' in address");
		if (end + 1 != colon)
			return bad(a, text, end[1] ? "too many colons in address"
						   : "missing port in address");
	} else if (memchr(text, ':', (size_t)(colon - text))) {
		return bad(a, text, "too many colons in address");
	}
	*out = (struct web_address){arena_strndup(a, host, (size_t)(end - host)), 0};
	if (!*out->host)
		out->host = "localhost";
	return parse_port(a, colon + 1, &out->port);
}
