// SPDX-License-Identifier: MIT
// Who is answered, and with what (see answer.h). Paths, redirects and statuses are pprof's.
#include "answer.h"

#include <string.h>

#include "tool/profile/encode.h"

#include "guard.h"
#include "page.h"
#include "settings.h"
#include "urlconfig.h"

static void put_text(struct web_response *out, int status, const char *text)
{
	out->status = status;
	out->type = "text/plain; charset=utf-8";
	buf_deinit(&out->body);
	buf_deinit(&out->graph);
	out->body = out->graph = (struct buf){0};
	buf_cstr(&out->body, text);
	buf_byte(&out->body, '\n');
}

static void redirect(struct arena *a, const struct web_request *r, int status, const char *to,
		struct web_response *out)
{
	put_text(out, status, to);
	out->location = r->query.len ? arena_printf(a, "%s?%.*s", to, STR_FMT(r->query)) : to;
}

static bool is_allowed(const struct web *w, const struct web_request *r)
{
	if (w->is_local && !(guard_is_local_address(r->client) && guard_is_local_host(r->host)))
		return false;
	return r->method == WEB_GET || guard_is_same_origin(r->origin, r->host);
}

static void save_config(struct arena *a, const struct web *w, const struct query *q,
		struct web_response *out)
{
	struct config c = *w->config;
	struct err *e = config_from_query(a, q, &c);
	if (!e)
		e = settings_save(a, w->settings_path, query_get(q, "config"), &c);
	put_text(out, e ? STATUS_BAD : STATUS_OK, e ? e->message : "saved");
}

static void delete_config(struct arena *a, const struct web *w, const struct query *q,
		struct web_response *out)
{
	struct err *e = settings_delete(a, w->settings_path, query_get(q, "config"));
	put_text(out, e ? STATUS_BAD : STATUS_OK, e ? e->message : "deleted");
}

static void download(struct arena *a, const struct web *w, const struct query *q,
		struct web_response *out)
{
	profile_encode_gzip(w->session->profile, &out->body);
	out->type = "application/vnd.google.protobuf+gzip";
	out->file_name = "profile.pb.gz";
}

static struct err *open_page(struct arena *a, const struct web *w, const char *name, const struct query *q,
		struct web_response *out, struct page *page_out)
{
	*page_out = (struct page){.arena = a, .web = w, .kind = page_find(name), .query = q, .config = *w->config,
			.response = out};
	return config_from_query(a, q, &page_out->config);
}

static void show_page(struct arena *a, const struct web *w, const char *name, const struct query *q,
		struct web_response *out)
{
	struct page p;
	struct err *e = open_page(a, w, name, q, out, &p);
	if (!e)
		e = page_write(&p);
	if (e)
		put_text(out, STATUS_BAD, e->message);
}

void web_put_graph(struct arena *a, const struct web *w, const struct web_request *r, struct str svg,
		const struct err *error, struct web_response *response)
{
	struct page p;
	struct query q;
	struct err *e = query_parse(a, r->query, &q);
	if (!e)
		e = open_page(a, w, "graph", &q, response, &p);
	if (!e)
		e = page_put_graph(&p, svg, error);
	if (e)
		put_text(response, STATUS_BAD, e->message);
}

static const struct action {
	const char *path;
	enum web_method method;
	void (*act)(struct arena *a, const struct web *w, const struct query *q,
			struct web_response *out);
} actions[] = {
		{"download", WEB_GET, download},
		{"saveconfig", WEB_POST, save_config},
		{"deleteconfig", WEB_DELETE, delete_config},
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].path, name) == 0)
			return &actions[i];
	}
	return NULL;
}

// What is below /ui/.
static void answer_below(struct arena *a, const struct web *w, const struct web_request *r,
		const char *name, struct web_response *out)
{
	const struct action *action = find_action(name);
	struct query q;
	struct err *e;
	if (!*name || strcmp(name, "flamegraph2") == 0 || strcmp(name, "flamegraphold") == 0) {
		redirect(a, r, STATUS_MOVED, "flamegraph", out);
	} else if (!action && !page_find(name)) {
		put_text(out, STATUS_NOT_FOUND, "404 page not found");
	} else if (r->method != (action ? action->method : WEB_GET)) {
		put_text(out, STATUS_WRONG_METHOD, "405 method not allowed");
	} else if ((e = query_parse(a, r->query, &q))) {
		put_text(out, STATUS_BAD, e->message);
	} else if (action) {
		action->act(a, w, &q, out);
	} else {
		show_page(a, w, name, &q, out);
	}
}

void web_answer(struct arena *a, const struct web *w, const struct web_request *r,
		struct web_response *out)
{
	static const char root[] = "/ui/";
	*out = (struct web_response){.status = STATUS_OK};
	if (!is_allowed(w, r))
		put_text(out, STATUS_FORBIDDEN, "permission denied");
	else if (strcmp(r->path, "/ui") == 0)
		redirect(a, r, STATUS_MOVED, root, out);
	else if (strncmp(r->path, root, sizeof(root) - 1) == 0)
		answer_below(a, w, r, r->path + sizeof(root) - 1, out);
	else
		redirect(a, r, STATUS_REDIRECT, strcmp(r->path, "/") == 0 ? "/ui"
				: arena_printf(a, "/ui%s", r->path), out);
}
