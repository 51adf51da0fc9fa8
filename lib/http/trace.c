// SPDX-License-Identifier: MIT
// Context: CTL. /debug/pprof/trace: the execution trace for some seconds. A thread of the trace's hands it out while
// this one waits, so it is gathered, and sent by this thread when it is whole.
#include <cprof/pprof.h>
#include <errno.h>
#include <string.h>

#include "handler.h"
#include "kind/trace.h"
#include "query.h"
#include "sigsafe/clock.h"
#include "write/grow.h"

enum { NUMBER_BYTES = 32 };

static const char CONTENT_TYPE[] = "application/octet-stream", FILENAME[] = "trace";

static const size_t MAX_BYTES = (size_t)1 << 30;

struct gathered {
	void *ptr;
	size_t cap_bytes, nbytes;
};

static int gather(void *arg, const void *data, size_t size)
{
	struct gathered *g = arg;
	if (size > MAX_BYTES - g->nbytes)
		return -EFBIG;
	if (!cp_grow(&g->ptr, &g->cap_bytes, g->nbytes + size))
		return -ENOMEM;
	memcpy((char *)g->ptr + g->nbytes, data, size);
	g->nbytes += size;
	return 0;
}

static void reply(struct cp_exchange *x, const struct gathered *g, int error)
{
	if (error < 0) {
		cp_reply_error(&x->reply, 500, "failed to collect trace: %s", cprof_strerror(error));
		return;
	}
	cp_reply_begin(&x->reply, 200, CONTENT_TYPE, FILENAME);
	cp_reply_write(&x->reply, g->ptr, g->nbytes);
}

/** Go's default is a second; here a fraction may be asked for, too. */
static uint64_t wanted_ns(const struct cp_exchange *x)
{
	char text[NUMBER_BYTES];
	uint64_t ns;
	if (!cp_query_find(x->request->query, "seconds", text, sizeof(text)) || !cp_parse_seconds(text, &ns) || ns == 0)
		return CP_NS_PER_S;
	return ns;
}

void cp_http_trace(struct cp_exchange *x)
{
	uint64_t ns = wanted_ns(x);
	if (!cp_http_may_take(x, (int64_t)(ns / CP_NS_PER_S) + (ns % CP_NS_PER_S > 0)))
		return;
	if (x->reply.is_head) {
		cp_reply_begin(&x->reply, 200, CONTENT_TYPE, FILENAME);
		return;
	}
	struct gathered g = {0};
	int error = cp_trace_start((struct cprof_writer){.write = gather, .arg = &g});
	if (error < 0) {
		cp_reply_error(&x->reply, error == -EBUSY ? 503 : 500, "Could not enable tracing: %s",
				cprof_strerror(error));
		return;
	}
	bool is_gone = cp_http_wait(x, ns);
	error = cp_trace_stop();
	if (is_gone)
		cp_reply_error(&x->reply, 500, "context canceled");
	else
		reply(x, &g, error);
	cp_grow_free(&g.ptr, &g.cap_bytes);
}
