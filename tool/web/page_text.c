// SPDX-License-Identifier: MIT
// Peek, Disassemble and Source: the text of a report, or the listing of -weblist.
#include "page.h"

#include "tool/report/html.h"

enum { MAX_ENTRIES = 50 }; // symbols disassembled, files listed

static void put_text(const struct buf *text, struct buf *body)
{
	buf_cstr(body, "<pre>");
	put_html(body, (struct str){text->ptr ? text->ptr : "", text->len});
	buf_cstr(body, "</pre>\n");
}

struct err *page_peek(struct page *p, struct report *r, struct buf *body, struct buf *legend)
{
	struct buf text = {0};
	struct err *e = report_generate(r, &text);
	report_profile_labels(r, legend);
	put_text(&text, body);
	buf_deinit(&text);
	return e;
}

struct err *page_disasm(struct page *p, struct report *r, struct buf *body, struct buf *legend)
{
	struct buf text = {0};
	struct err *e = report_write_disasm_top(r, MAX_ENTRIES, &text);
	report_profile_labels(r, legend);
	put_text(&text, body);
	buf_deinit(&text);
	return e;
}

struct err *page_source(struct page *p, struct report *r, struct buf *body, struct buf *legend)
{
	report_profile_labels(r, legend);
	return report_source_html(r, MAX_ENTRIES, body);
}
