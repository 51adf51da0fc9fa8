// SPDX-License-Identifier: MIT
// Context: CTL. /debug/pprof/rates: how much is sampled, to be seen by GET, to be changed by POST where the program
// allows it. A page of another site cannot: what it may send without asking first has no header of ours.
#include <cprof/pprof.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "handler.h"
#include "kind/contention.h"
#include "kind/cpu.h"
#include "kind/heap.h"
#include "query.h"

enum { MAX_BODY_BYTES = 1024 };

static int64_t get_cpu(void)
{
	return cp_cpu_defaults().rate_hz;
}

static int set_cpu(int64_t hz)
{
	return cp_cpu_set_rate((int)hz);
}

static int set_contention(enum cp_contention_kind kind, int64_t sampling)
{
	int64_t before = cp_contention_set_sampling(kind, sampling);
	return before < 0 ? (int)before : 0;
}

static int64_t get_block(void)
{
	return cp_contention_sampling(CP_KIND_BLOCK);
}

static int set_block(int64_t rate_ns)
{
	return set_contention(CP_KIND_BLOCK, rate_ns);
}

static int64_t get_mutex(void)
{
	return cp_contention_sampling(CP_KIND_MUTEX);
}

static int set_mutex(int64_t fraction)
{
	return set_contention(CP_KIND_MUTEX, fraction);
}

static int64_t get_syscall(void)
{
	return cp_contention_sampling(CP_KIND_SYSCALL);
}

static int set_syscall(int64_t rate_ns)
{
	return set_contention(CP_KIND_SYSCALL, rate_ns);
}

/** Named as the flags of `cprof run`. First the one that may be refused for a while: then none is changed. */
static const struct rate {
	const char *name;
	int64_t min, max;
	int64_t (*get)(void);
	int (*set)(int64_t rate);
} rates[] = {
		{"cpurate", 1, 10000, get_cpu, set_cpu},
		{"memprofilerate", 0, (int64_t)1 << 40, cp_heap_rate, cp_heap_set_rate},
		{"blockprofilerate", 0, (int64_t)1 << 40, get_block, set_block},
		{"mutexprofilefraction", 0, INT_MAX, get_mutex, set_mutex},
		{"syscallprofilerate", 0, (int64_t)1 << 40, get_syscall, set_syscall},
};
enum { NRATES = sizeof(rates) / sizeof(*rates) };

struct wishes {
	int64_t values[NRATES];
	bool are_set[NRATES];
};

static void show(struct cp_exchange *x)
{
	cp_reply_begin(&x->reply, 200, "text/plain; charset=utf-8", NULL);
	for (int i = 0; i < NRATES; i++)
		cp_reply_printf(&x->reply, "%s %lld\n", rates[i].name, (long long)rates[i].get());
}

static bool may_change(struct cp_exchange *x)
{
	if (!x->options->allow_control)
		cp_reply_error(&x->reply, 403,
				"this program does not allow rates to be changed: it does not set allow_control, "
				"nor was it served by libcprof with CPROF_HTTP_CONTROL=1 in its environment");
	else if (!x->options->bearer_token && !x->request->control)
		cp_reply_error(&x->reply, 403, "the header X-Cprof-Control is missing");
	else
		return true;
	return false;
}

/** False: the reply says what is wrong. */
static bool add_wish(struct cp_exchange *x, const struct cp_query_pair *pair, struct wishes *w)
{
	for (int i = 0; i < NRATES; i++) {
		if (strcmp(pair->key, rates[i].name) != 0)
			continue;
		w->are_set[i] = cp_parse_int(pair->value, &w->values[i]) && w->values[i] >= rates[i].min &&
				w->values[i] <= rates[i].max;
		if (!w->are_set[i])
			cp_reply_error(&x->reply, 400, "%s: a number from %lld to %lld", rates[i].name,
					(long long)rates[i].min, (long long)rates[i].max);
		return w->are_set[i];
	}
	cp_reply_error(&x->reply, 400, "there are cpurate, memprofilerate, blockprofilerate, mutexprofilefraction "
			"and syscallprofilerate");
	return false;
}

static bool read_wishes(struct cp_exchange *x, const char *query, struct wishes *w)
{
	struct cp_query_pair pair;
	while (cp_query_next(&query, &pair)) {
		if (!add_wish(x, &pair, w))
			return false;
	}
	return true;
}

static void change(struct cp_exchange *x, const struct wishes *w)
{
	bool is_any = false;
	for (int i = 0; i < NRATES; i++) {
		int error = w->are_set[i] ? rates[i].set(w->values[i]) : 0;
		is_any |= w->are_set[i];
		if (error < 0) {
			cp_reply_error(&x->reply, error == -EBUSY ? 409 : 500, "%s: %s", rates[i].name,
					cprof_strerror(error));
			return;
		}
	}
	if (is_any)
		show(x);
	else
		cp_reply_error(&x->reply, 400, "no rate is given");
}

void cp_http_rates(struct cp_exchange *x)
{
	const struct cprof_http_request *q = x->request;
	char body[MAX_BODY_BYTES + 1];
	struct wishes wishes = {0};
	if (strcmp(q->method, "POST") != 0) {
		show(x);
		return;
	}
	if (!may_change(x))
		return;
	if (q->body_bytes > MAX_BODY_BYTES) {
		cp_reply_error(&x->reply, 413, "the body is too large");
		return;
	}
	if (q->body_bytes > 0)
		memcpy(body, q->body, q->body_bytes);
	body[q->body_bytes] = '\0';
	if (read_wishes(x, q->query, &wishes) && read_wishes(x, body, &wishes))
		change(x, &wishes);
}
