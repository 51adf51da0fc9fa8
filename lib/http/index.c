// SPDX-License-Identifier: MIT
// Context: CTL. /debug/pprof/: what there is to ask for, with counts, links and a sentence each.
#include <string.h>

#include "handler.h"
#include "kind/kind.h"
#include "markup.h"

static const struct description {
	const char *name, *text;
} descriptions[] = {
		{"allocs", "Memory ever allocated, freed or not, by where. seconds=N: what N seconds add."},
		{"block", "Where threads waited for locks, conditions and the like. seconds=N: what N seconds add."},
		{"cmdline", "The arguments the program was started with, a NUL between each."},
		{"deadlock", "Threads that wait for each other's locks, and where each waits."},
		{"flamegraph", "profile=NAME as a picture, here in the browser; seconds=N and type=TYPE as you like."},
		{"heap", "Memory in use now and at its peak, by where. seconds=N: the change in N seconds."},
		{"mutex", "Where locks were held while others waited for them. seconds=N: what N seconds add."},
		{"profile", "CPU time, by where it is spent, for seconds=N (30). Several may run at once."},
		{"rates", "How much is sampled, and by POST, where the program allows it, how much shall be."},
		{"symbol", "Names for addresses: 0x1234+0x5678 as the query, or as the body of a POST."},
		{"syscall", "Where threads waited in system calls. seconds=N: what N seconds add."},
		{"threadcreate", "Where threads were started. seconds=N: the change in N seconds."},
		{"threads", "The stacks of all threads there are. debug=2: as a readable dump."},
		{"trace", "What each thread did when, and what it waited for, for seconds=N (1): see cprof trace."},
};
enum { NDESCRIPTIONS = sizeof(descriptions) / sizeof(*descriptions) };

/** "": the program's own profiles, which we know nothing of. */
static const char *describe(const char *name)
{
	for (int i = 0; i < NDESCRIPTIONS; i++) {
		if (strcmp(descriptions[i].name, name) == 0)
			return descriptions[i].text;
	}
	return "";
}

static void put_row(struct cp_reply *r, const char *name, uint64_t count, const char *query)
{
	cp_reply_printf(r, "<tr><td class=\"count\">%llu</td><td><a href=\"./", (unsigned long long)count);
	cp_put_url(r, name);
	cp_reply_text(r, query);
	cp_reply_text(r, "\">");
	cp_put_html(r, name);
	cp_reply_text(r, "</a></td><td>");
	cp_put_html(r, describe(name));
	cp_reply_text(r, "</td></tr>\n");
}

/** Those that are no profiles of the registry stand among them, by name. */
struct listing {
	struct cp_exchange *x;
	int next; // of extras[]
};

static const char *const extras[] = {"cmdline", "flamegraph", "profile", "rates", "symbol", "trace"};
enum { NEXTRAS = sizeof(extras) / sizeof(*extras) };

/** name NULL: all that are left. */
static void put_extras_before(struct listing *l, const char *name)
{
	for (; l->next < NEXTRAS && (!name || strcmp(extras[l->next], name) < 0); l->next++) {
		bool is_hidden = l->x->options->hide_cmdline && strcmp(extras[l->next], "cmdline") == 0;
		if (!is_hidden)
			put_row(&l->x->reply, extras[l->next], 0, "");
	}
}

static int put_profile(const struct cprof_profile *profile, void *arg)
{
	struct listing *l = arg;
	put_extras_before(l, profile->name);
	put_row(&l->x->reply, profile->name, profile->count(profile), "?debug=1");
	return l->x->reply.error;
}

static void put_links(struct cp_reply *r)
{
	cp_reply_text(r, "<p>As flame graphs, here in the browser: "
			 "<a href=\"./flamegraph?seconds=5\">5 seconds of CPU</a>, "
			 "<a href=\"./flamegraph?profile=heap\">heap</a>, "
			 "<a href=\"./flamegraph?profile=threads\">threads</a>. "
			 "As text: <a href=\"./threads?debug=2\">full thread dump</a>.</p>\n");
}

void cp_http_index(struct cp_exchange *x)
{
	static const char head[] =
			"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			"<meta name=\"viewport\" content=\"width=device-width\">\n<title>/debug/pprof/</title>\n"
			"<style>:root { color-scheme: light dark } "
			"body { font: 15px/1.5 system-ui, sans-serif; max-width: 60em; margin: 1.5em auto; "
			"padding: 0 1em } "
			"h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin-top: 1.6em } "
			"table { border-collapse: collapse } td, th { padding: .15em 1.2em .15em 0; "
			"text-align: left; vertical-align: top; font-weight: normal } "
			"thead th, .health th { opacity: .65 } "
			".count { text-align: right; font-variant-numeric: tabular-nums } a { text-decoration: none } "
			"a:hover { text-decoration: underline }</style>\n</head>\n<body>\n<h1>/debug/pprof/</h1>\n"
			"<table>\n<thead><tr><th class=\"count\">Count</th><th>Profile</th><th></th></tr></thead>\n";
	struct cp_reply *r = &x->reply;
	struct listing l = {x, 0};
	cp_reply_begin_page(r, "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
			       "frame-ancestors 'none'");
	cp_reply_text(r, head);
	cp_kind_each(put_profile, &l);
	put_extras_before(&l, NULL);
	cp_reply_text(r, "</table>\n");
	put_links(r);
	cp_http_put_health(x);
	cp_reply_text(r, "</body>\n</html>\n");
}
