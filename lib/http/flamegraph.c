// SPDX-License-Identifier: MIT
// Context: CTL. /debug/pprof/flamegraph?profile=heap: any profile as a picture in a page that needs nothing but
// itself, for those who have a browser and no tool. What moves is webui/flamegraph.js, as in cprof -http.
#include <cprof/pprof.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "handler.h"
#include "kind/kind.h"
#include "markup.h"
#include "page.h"
#include "query.h"
#include "write/delta.h"
#include "write/flame.h"
#include "write/vformat.h"

enum { MAX_LABEL_BYTES = 500, TYPE_BYTES = 128 };

struct picture {
	struct cp_exchange *x;
	const char *profile; // its name
	const char *seconds; // as asked for; NULL: now
	const struct cp_profile_spec *spec;
	struct cp_flame flame;
};

/// The data, as flamegraph.js reads it

static void put_json_text(struct cp_reply *r, const char *text)
{
	cp_put_json(r, text ? text : "", text ? strlen(text) : 0);
}

static void put_frames(struct cp_reply *r, const struct cp_flame *f)
{
	for (size_t i = 0; i < f->nframes; i++) {
		const struct cp_flame_frame *frame = &f->frames[i];
		size_t len = frame->name_len < MAX_LABEL_BYTES ? frame->name_len : MAX_LABEL_BYTES;
		cp_reply_text(r, i ? ",\n[" : "[");
		cp_put_json(r, frame->name, len);
		cp_reply_text(r, ",\"\",\"\",");
		put_json_text(r, frame->module);
		cp_reply_text(r, "]");
	}
}

static void put_boxes(struct cp_reply *r, const struct cp_flame *f)
{
	for (size_t i = 0; i < f->nboxes; i++) {
		const struct cp_flame_box *b = &f->boxes[i];
		cp_reply_printf(r, "%s[%u,%d,%lld,%lld", i ? "," : "", b->frame, (int)b->caller - 1,
				(long long)b->width, (long long)b->own);
		if (f->is_diff)
			cp_reply_printf(r, ",%lld", (long long)b->delta);
		cp_reply_text(r, "]");
	}
}

static void put_data(struct cp_reply *r, const struct cp_flame *f)
{
	cp_reply_printf(r, "{\"total\":%lld,\"ratio\":1,\"type\":", (long long)f->total);
	put_json_text(r, f->type.type);
	cp_reply_text(r, ",\"unit\":");
	put_json_text(r, f->type.unit);
	cp_reply_printf(r, ",\"output_unit\":\"\",\"is_diff\":%s,\"has_more\":%s,\n\"frames\":[",
			f->is_diff ? "true" : "false", f->has_more ? "true" : "false");
	put_frames(r, f);
	cp_reply_text(r, "],\n\"boxes\":[");
	put_boxes(r, f);
	cp_reply_text(r, "]}");
}

/// Around it

static bool is_cpu(const struct picture *p)
{
	return strcmp(p->profile, "profile") == 0;
}

/** type, seconds: NULL: none. */
static void put_link(struct picture *p, const char *profile, const char *type, const char *seconds, const char *text,
		bool is_current)
{
	struct cp_reply *r = &p->x->reply;
	cp_reply_text(r, "<a href=\"flamegraph?profile=");
	cp_put_url(r, profile);
	if (type) {
		cp_reply_text(r, "&amp;type=");
		cp_put_url(r, type);
	}
	if (seconds) {
		cp_reply_text(r, "&amp;seconds=");
		cp_put_url(r, seconds);
	}
	cp_reply_text(r, is_current ? "\" aria-current=\"page\">" : "\">");
	cp_put_html(r, text);
	cp_reply_text(r, "</a>\n");
}

static int put_profile_link(const struct cprof_profile *profile, void *arg)
{
	struct picture *p = arg;
	put_link(p, profile->name, NULL, NULL, profile->name, strcmp(profile->name, p->profile) == 0);
	return p->x->reply.error;
}

static void put_links(struct picture *p)
{
	struct cp_reply *r = &p->x->reply;
	cp_reply_text(r, "<a class=\"brand\" href=\"./\">cprof</a>\n<nav>\n");
	put_link(p, "profile", NULL, "5", "cpu", is_cpu(p));
	cp_kind_each(put_profile_link, p);
	cp_reply_text(r, "</nav>\n");
}

static void put_types(struct picture *p)
{
	for (uint32_t i = 0; i < p->spec->nsample_types; i++) {
		const char *type = p->spec->sample_types[i].type;
		put_link(p, p->profile, type, p->seconds, type, type == p->flame.type.type);
	}
}

static void put_times(struct picture *p)
{
	static const char *const times[] = {NULL, "5", "30", "60"};
	for (size_t i = is_cpu(p); i < sizeof(times) / sizeof(*times); i++) {
		char text[32] = "now";
		bool is_current = times[i] ? p->seconds && strcmp(times[i], p->seconds) == 0 : !p->seconds;
		if (times[i])
			cp_format(text, sizeof(text), is_cpu(p) ? "%s s" : "change in %s s", times[i]);
		put_link(p, p->profile, p->flame.type.type, times[i], text, is_current);
	}
}

static void put_heading(struct picture *p)
{
	struct cp_reply *r = &p->x->reply;
	cp_reply_text(r, "<nav class=\"choices\">\n");
	put_types(p);
	cp_reply_text(r, "</nav>\n");
	if (cp_http_takes_seconds(p->profile)) {
		cp_reply_text(r, "<nav class=\"choices\">\n");
		put_times(p);
		cp_reply_text(r, "</nav>\n");
	}
	if (p->flame.nboxes == 0)
		cp_reply_text(r, "<p>There are no samples. <a href=\"./\">What is switched on</a></p>\n");
}

static void put_title(struct picture *p)
{
	cp_put_html(&p->x->reply, p->profile);
	cp_reply_text(&p->x->reply, ": ");
	cp_put_html(&p->x->reply, program_invocation_short_name);
	cp_reply_printf(&p->x->reply, " (%d)", (int)getpid());
}

static void put_page(struct picture *p)
{
	struct cp_reply *r = &p->x->reply;
	cp_reply_begin_page(r, cp_page_policy);
	for (int i = 0; i < CP_PAGE_PIECES; i++) {
		cp_reply_write(r, cp_page_pieces[i].text, cp_page_pieces[i].len);
		if (i == CP_PAGE_TITLE)
			put_title(p);
		else if (i == CP_PAGE_LINKS)
			put_links(p);
		else if (i == CP_PAGE_HEADING)
			put_heading(p);
		else if (i == CP_PAGE_DATA)
			put_data(r, &p->flame);
	}
}

/// The route

static void draw(struct picture *p, struct cp_delta *delta)
{
	char type[TYPE_BYTES];
	bool has_type = cp_query_find(p->x->request->query, "type", type, sizeof(type));
	int error = cp_flame_build(&p->flame, delta, has_type ? type : NULL);
	p->spec = cp_delta_spec(delta);
	if (error == -ENOENT)
		cp_reply_error(&p->x->reply, 400, "there is no sample type of that name");
	else if (error < 0)
		cp_reply_error(&p->x->reply, 500, "failed to draw: %s", cprof_strerror(error));
	else
		put_page(p);
	cp_flame_free(&p->flame);
}

void cp_http_flamegraph(struct cp_exchange *x)
{
	char name[CP_HTTP_NAME_BYTES], seconds[32];
	struct picture p = {.x = x, .profile = name};
	struct cp_delta *delta;
	if (!cp_query_find(x->request->query, "profile", name, sizeof(name)))
		memcpy(name, "profile", sizeof("profile"));
	if (cp_query_find(x->request->query, "seconds", seconds, sizeof(seconds)) && seconds[0])
		p.seconds = seconds;
	if (x->reply.is_head) {
		cp_reply_begin_page(&x->reply, cp_page_policy);
		return;
	}
	int error = cp_delta_begin(&delta);
	if (error < 0) {
		cp_reply_error(&x->reply, 500, "failed to draw: %s", cprof_strerror(error));
		return;
	}
	if (cp_http_collect(x, name, delta))
		draw(&p, delta);
	cp_delta_drop(delta);
}
