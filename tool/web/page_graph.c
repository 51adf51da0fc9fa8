// SPDX-License-Identifier: MIT
// Graph: the picture graphviz draws, put into the page, to be moved and scaled there by webui/graph.js. It is drawn
// once the page is there otherwise: see struct web_response.
#include "page.h"

struct err *page_graph(struct page *p, struct report *r, struct buf *body, struct buf *legend)
{
	struct err *e = report_generate(r, &p->response->graph);
	report_profile_labels(r, legend);
	return e;
}

static void put_image(struct str svg, struct buf *out)
{
	const char *start = memmem(svg.ptr, svg.len, "<svg", 4); // after the XML prologue
	if (!start) {
		buf_cstr(out, "<p>There is nothing to draw.</p>\n");
		return;
	}
	buf_cstr(out, "<div id=\"graph\">");
	buf_append(out, start, (size_t)(svg.ptr + svg.len - start));
	buf_cstr(out, "</div>\n");
}

struct err *page_put_graph(struct page *p, struct str svg, const struct err *error)
{
	struct web_response *r = p->response;
	struct buf page = r->body;
	if (error) {
		const char *message = arena_printf(p->arena, "The graph is drawn by graphviz, and its program dot "
				"cannot be run (%s).\nInstall graphviz, or use the flame graph: /ui/flamegraph",
				error->message);
		return page_write_failed(p, STATUS_UNAVAILABLE, message);
	}
	r->body = (struct buf){0};
	buf_append(&r->body, page.ptr, r->graph_at);
	put_image(svg, &r->body);
	buf_append(&r->body, page.ptr + r->graph_at, page.len - r->graph_at);
	buf_deinit(&page);
	return NULL;
}
