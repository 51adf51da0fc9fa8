// SPDX-License-Identifier: MIT
// Graph: the picture graphviz draws, put into the page, to be moved and scaled there by webui/graph.js.
#include "page.h"

#include "tool/driver/pipe.h"

struct err *page_graph(struct page *p, struct report *r, struct buf *body, struct buf *legend)
{
	const char *const argv[] = {"dot", "-Tsvg", NULL};
	struct buf graph = {0}, image = {0};
	struct err *e = report_generate(r, &graph);
	report_profile_labels(r, legend);
	if (!e && (e = pipe_through_for(p->arena, argv, (struct str){graph.ptr, graph.len}, p->client_fd, &image))) {
		p->failure = STATUS_UNAVAILABLE;
		e = err_new(p->arena, "The graph is drawn by graphviz, and its program dot cannot be run "
				"(%s).\nInstall graphviz, or use the flame graph: /ui/flamegraph", e->message);
	}
	struct str svg = {image.ptr, image.len};
	const char *start = e ? NULL : memmem(svg.ptr, svg.len, "<svg", 4); // after the XML prologue
	if (start) {
		buf_cstr(body, "<div id=\"graph\">");
		buf_append(body, start, (size_t)(svg.ptr + svg.len - start));
		buf_cstr(body, "</div>\n");
	} else if (!e) {
		buf_cstr(body, "<p>There is nothing to draw.</p>\n");
	}
	buf_deinit(&graph);
	buf_deinit(&image);
	return e;
}
