// SPDX-License-Identifier: MIT
// What all pages share: the menus above, styles and scripts. All links are made here, so that pages work
// without scripts but for what moves; everything is inside the page, so that a page saved to a file works.
#include "page.h"

#include <sys/random.h>

#include "tool/export/assets.h"
#include "tool/export/jsonout.h"
#include "tool/report/html.h"

#include "settings.h"
#include "urlconfig.h"

static void put_link(struct buf *out, const char *path, const char *query, const char *text,
		const char *attributes)
{
	buf_cstr(out, "<a href=\"");
	put_html(out, str_from(path));
	put_html(out, str_from(query));
	buf_printf(out, "\"%s>", attributes);
	put_html(out, str_from(text));
	buf_cstr(out, "</a>");
}

static const char *current(bool is_current)
{
	return is_current ? " aria-current=\"page\"" : "";
}

static void put_views(struct page *p, struct buf *out)
{
	const char *query = query_text(p->arena, p->query);
	buf_cstr(out, "<nav>");
	for (const struct page_kind *k = page_kinds; k->path; k++)
		put_link(out, k->path, query, k->title, current(k == p->kind));
	buf_cstr(out, "</nav>\n");
}

static void put_samples(struct page *p, const struct report *r, struct buf *out)
{
	const struct profile *profile = p->web->session->profile;
	if (profile->nsample_types < 2)
		return;
	buf_cstr(out, "<details class=\"menu\"><summary>Sample</summary><div>");
	for (uint32_t i = 0; i < profile->nsample_types; i++) {
		struct str type = profile_str(profile, profile->sample_types[i].type);
		const char *name = arena_strndup(p->arena, type.ptr, type.len);
		struct query q = query_with(p->arena, p->query, "si", name);
		put_link(out, p->kind->path, query_text(p->arena, &q), name,
				current(r && i == r->options.value_index));
	}
	buf_cstr(out, "</div></details>\n");
}

// The filters people set by hand.
static const struct refinement {
	const char *key, *label;
} refinements[] = {
		{"f", "Focus"},
		{"i", "Ignore"},
		{"h", "Hide"},
		{"s", "Show"},
		{"sf", "Show from"},
		{"tf", "Tag focus"},
		{"ti", "Tag ignore"},
};

enum { NREFINEMENTS = sizeof(refinements) / sizeof(refinements[0]) };

static bool is_refinement(const char *key)
{
	for (size_t i = 0; i < NREFINEMENTS; i++) {
		if (strcmp(refinements[i].key, key) == 0)
			return true;
	}
	return strcmp(key, "g") == 0;
}

static void put_granularities(const struct page *p, struct buf *out)
{
	const struct config_field *f = config_find("granularity");
	const char *asked = query_get(p->query, f->url_key);
	buf_cstr(out, "<label>Granularity <select name=\"g\"><option value=\"\">default</option>");
	for (const char *const *c = f->choices; *c; c++)
		buf_printf(out, "<option%s>%s</option>", strcmp(*c, asked) == 0 ? " selected" : "", *c);
	buf_cstr(out, "</select></label>");
}

static void put_refine(struct page *p, struct buf *out)
{
	buf_printf(out, "<details class=\"menu\"><summary>Refine</summary><form id=\"refine\" "
			"action=\"%s\">", p->kind->path);
	for (size_t i = 0; i < NREFINEMENTS; i++) {
		const struct refinement *r = &refinements[i];
		buf_printf(out, "<label>%s <input name=\"%s\" value=\"", r->label, r->key);
		put_html(out, str_from(query_get(p->query, r->key)));
		buf_cstr(out, "\" spellcheck=\"false\" placeholder=\"regexp\"></label>");
	}
	put_granularities(p, out);
	for (size_t i = 0; i < p->query->n; i++) {
		const struct query_param *q = &p->query->params[i];
		if (is_refinement(q->key))
			continue;
		buf_cstr(out, "<input type=\"hidden\" name=\"");
		put_html(out, str_from(q->key));
		buf_cstr(out, "\" value=\"");
		put_html(out, str_from(q->value));
		buf_cstr(out, "\">");
	}
	buf_cstr(out, "<p><button>Apply</button> ");
	put_link(out, p->kind->path, "", "Reset", "");
	buf_cstr(out, "</p></form></details>\n");
}

static bool same_query(struct arena *a, const struct config *x, const struct config *y)
{
	const struct query none = {0};
	struct query qx = config_to_query(a, x, &none), qy = config_to_query(a, y, &none);
	return strcmp(query_text(a, &qx), query_text(a, &qy)) == 0;
}

static void put_config(struct page *p, const char *name, const struct config *c, bool is_current,
		struct buf *out)
{
	struct query q = config_to_query(p->arena, c, p->query);
	buf_cstr(out, "<span>");
	put_link(out, p->kind->path, query_text(p->arena, &q), name, current(is_current));
	if (c != &config_defaults) {
		buf_cstr(out, "<button class=\"delete\" title=\"Delete\" data-config=\"");
		put_html(out, str_from(name));
		buf_cstr(out, "\">\u00d7</button>");
	}
	buf_cstr(out, "</span>");
}

static void put_configs(struct page *p, struct buf *out)
{
	struct settings s;
	struct err *e = settings_read(p->arena, p->web->settings_path, &p->config, &s);
	size_t last = SIZE_MAX; // the one of several alike that counts, as in pprof
	for (size_t i = 0; i < s.n; i++) {
		if (same_query(p->arena, &s.configs[i].config, &p->config))
			last = i;
	}
	struct config defaults = config_defaults;
	defaults.sample_index = p->config.sample_index;
	bool is_default = last == SIZE_MAX && same_query(p->arena, &defaults, &p->config);
	buf_cstr(out, "<details class=\"menu\"><summary>Config</summary><div>");
	if (e) {
		buf_cstr(out, "<p class=\"error\">");
		put_html(out, str_from(e->message));
		buf_cstr(out, "</p>");
	}
	buf_cstr(out, "<button id=\"save-config\">Save as\u2026</button>");
	put_config(p, "Default", &config_defaults, is_default, out);
	for (size_t i = 0; i < s.n; i++)
		put_config(p, s.configs[i].name, &s.configs[i].config, i == last, out);
	buf_cstr(out, "</div></details>\n");
}

// What is filtered, each a click from being dropped. The cross comes first: of a long one the end is cut off.
static void put_active(struct page *p, struct buf *out)
{
	buf_cstr(out, "<div id=\"filters\">");
	for (size_t i = 0; i < p->query->n; i++) {
		const struct query_param *q = &p->query->params[i];
		if (!*q->value || !is_refinement(q->key))
			continue;
		const char *label = "granularity";
		for (size_t k = 0; k < NREFINEMENTS; k++)
			label = strcmp(refinements[k].key, q->key) == 0 ? refinements[k].label : label;
		struct query without = query_with(p->arena, p->query, q->key, "");
		put_link(out, p->kind->path, query_text(p->arena, &without),
				arena_printf(p->arena, "\u00d7 %s: %s", label, q->value),
				" title=\"Drop this filter\"");
	}
	buf_cstr(out, "</div>\n");
}

static void put_details(struct str title, struct str legend, struct buf *out)
{
	buf_cstr(out, "<details class=\"menu\" id=\"about\"><summary>");
	put_html(out, title);
	buf_cstr(out, "</summary><pre>");
	put_html(out, legend);
	buf_cstr(out, "</pre></details>\n");
}

// Only http: and https: make a link; javascript: would be somebody else's program in our page.
static void put_help(const struct page *p, struct buf *out)
{
	const struct profile *profile = p->web->session->profile;
	struct str url = profile_str(profile, profile->doc_url);
	if (!str_has_prefix(url, STR("http://")) && !str_has_prefix(url, STR("https://")))
		return;
	put_link(out, "", arena_strndup(p->arena, url.ptr, url.len), "Help",
			" target=\"_blank\" rel=\"noopener noreferrer\"");
}

static void put_header(struct page *p, const struct report *r, struct str title, struct str legend,
		struct buf *out)
{
	buf_cstr(out, "<header>\n<a class=\"brand\" href=\"flamegraph\">cprof</a>\n");
	put_views(p, out);
	put_samples(p, r, out);
	put_refine(p, out);
	put_configs(p, out);
	put_link(out, "download", "", "Download", "");
	put_help(p, out);
	buf_cstr(out, "<div class=\"search\"><output id=\"matches\"></output><input id=\"search\" type=\"search\" "
		      "placeholder=\"Search regexp\" spellcheck=\"false\" aria-label=\"Search\"></div>\n");
	put_details(title, legend, out);
	buf_cstr(out, "</header>\n");
	put_active(p, out);
	if (p->warnings_len) {
		buf_cstr(out, "<div id=\"errors\">");
		put_html(out, (struct str){p->warnings, p->warnings_len});
		buf_cstr(out, "</div>\n");
	}
}

static void put_script(const struct page *p, const char *name, struct buf *out)
{
	buf_printf(out, "<script type=\"module\" nonce=\"%s\">\n", p->response->nonce);
	buf_str(out, asset(str_from(name)));
	buf_cstr(out, "</script>\n");
}

void page_put_data(struct str json, struct buf *out)
{
	buf_cstr(out, "<script type=\"application/json\" id=\"data\">");
	put_json_in_html(json, out);
	buf_cstr(out, "</script>\n");
}

static struct err *make_nonce(const struct page *p)
{
	unsigned char random[(sizeof(p->response->nonce) - 1) / 2];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_new(p->arena, "no random numbers to be had");
	for (size_t i = 0; i < sizeof(random); i++)
		sprintf(p->response->nonce + 2 * i, "%02x", random[i]);
	return NULL;
}

struct err *page_frame(struct page *p, const struct report *r, struct str legend, struct str body)
{
	struct buf *out = &p->response->body;
	struct str title = r ? str_from(arena_printf(p->arena, "%.*s %.*s", STR_FMT(r->options.title),
				STR_FMT(r->options.sample_type))) : STR("no report");
	struct err *e = make_nonce(p);
	if (e)
		return e;
	p->response->type = "text/html; charset=utf-8";
	buf_cstr(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
	buf_printf(out, "%s: ", p->kind->title);
	put_html(out, title);
	buf_cstr(out, "</title>\n<style>\n");
	buf_str(out, asset(STR("style.css")));
	buf_printf(out, "</style>\n</head>\n<body class=\"%s\">\n", p->kind->path);
	put_header(p, r, title, legend, out);
	buf_cstr(out, "<main>\n");
	p->response->graph_at = out->len;
	buf_str(out, body);
	buf_cstr(out, "</main>\n");
	put_script(p, "search.js", out);
	put_script(p, "common.js", out);
	if (r && p->kind->script)
		put_script(p, p->kind->script, out);
	buf_cstr(out, "</body>\n</html>\n");
	return NULL;
}
