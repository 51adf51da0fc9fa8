// SPDX-License-Identifier: MIT
// Flame Graph: the call tree as JSON, drawn by webui/flamegraph.js.
#include "page.h"

#include "tool/export/flame.h"

struct err *page_flamegraph(struct page *p, struct report *r, struct buf *body, struct buf *legend)
{
	struct buf json = {0};
	flame_write(r, FLAME_MAX_BOXES, &json);
	report_profile_labels(r, legend);
	buf_cstr(body, "<div id=\"stack-holder\"><div id=\"stack-chart\"></div></div>\n"
		       "<div id=\"hover\"></div>\n");
	page_put_data((struct str){json.ptr, json.len}, body);
	buf_deinit(&json);
	return NULL;
}
