// SPDX-License-Identifier: MIT
// Context: CTL. /debug/pprof/symbol: from addresses to names, for readers that have no binary.
//
// Addresses come as "0x1234+0x5678", by POST or as the raw query: there '+' is no space. They are answered in
// the order of modules and addresses, since each symbol table is read once; readers match by address.
#include <cprof/pprof.h>

#include <errno.h>
#include <string.h>

#include "format/hex_digit.h"
#include "handler.h"
#include "sigsafe/modmap.h"
#include "write/locations.h"

struct answer {
	struct cp_reply *reply;
	struct cp_locations *locations;
	const struct cp_module *module;
};

static void on_found(void *arg, struct cp_symbol_query *query, const char *name, size_t len)
{
	struct answer *a = arg;
	uintptr_t load_bias = a->module ? a->module->load_bias : 0;
	cp_reply_printf(a->reply, "0x%llx ", (unsigned long long)(query->vaddr + load_bias));
	cp_reply_write(a->reply, name, len);
	cp_reply_write(a->reply, "\n", 1);
}

static bool name_group(void *arg, uint64_t space, const struct cp_module *module, struct cp_symbol_query *queries,
		size_t nqueries)
{
	struct answer *a = arg;
	a->module = module;
	cp_locations_symbolize(a->locations, space, module, queries, nqueries, on_found, a);
	return true;
}

/** As strconv.ParseUint(token, 0, 64): 0x, 0b, 0o and 0 are prefixes. 0: it is none. */
static uint64_t parse_address(const char *at, size_t len)
{
	unsigned base = 10;
	if (len > 1 && at[0] == '0') {
		char prefix = (char)(at[1] | 0x20);
		base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : 8;
		size_t skip = base != 8 || prefix == 'o' ? 2 : 1;
		at += skip;
		len -= skip;
	}
	uint64_t value = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)hex_digit(at[i]); // of none far more than a base
		if (digit >= base || value > (UINT64_MAX - digit) / base)
			return 0;
		value = value * base + digit;
	}
	return value;
}

static bool intern_addresses(struct cp_locations *locations, const char *at, size_t len)
{
	uint32_t epoch = cp_modmap_epoch();
	for (const char *end = at + len; at < end; at++) {
		const char *plus = memchr(at, '+', (size_t)(end - at));
		const char *token_end = plus ? plus : end;
		uint64_t pc = parse_address(at, (size_t)(token_end - at));
		if (pc != 0 && cp_locations_intern(locations, (uintptr_t)pc, true, epoch) == 0)
			return false;
		at = token_end;
	}
	return true;
}

void cp_http_symbol(struct cp_exchange *x)
{
	const struct cprof_http_request *q = x->request;
	bool is_post = strcmp(q->method, "POST") == 0;
	const char *list = is_post ? q->body : q->query;
	size_t len = is_post ? q->body_bytes : list ? strlen(list) : 0;
	struct cp_locations locations = {0};
	struct answer answer = {.reply = &x->reply, .locations = &locations};
	cp_modmap_refresh(); // nothing may have been profiled yet
	if (list && !intern_addresses(&locations, list, len)) {
		cp_reply_error(&x->reply, 500, "%s", cprof_strerror(-ENOMEM));
	} else {
		cp_reply_begin(&x->reply, 200, "text/plain; charset=utf-8", NULL);
		// Only whether it is 0 matters to readers.
		cp_reply_text(&x->reply, "num_symbols: 1\n");
		cp_locations_group(&locations, name_group, &answer);
	}
	cp_locations_free(&locations);
}
