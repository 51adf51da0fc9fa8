// SPDX-License-Identifier: MIT
// Peek, Disassemble and Source: the text of a report, or the listing of -weblist.
#include "page.h"

#include <string.h>

#include "tool/report/html.h"

enum { MAX_ENTRIES = 50, MAX_LINES = 10000 }; // symbols disassembled, files listed; lines of callers and callees

static void put_text(const struct buf *text, struct buf *body)
{
	buf_cstr(body, "<pre>");
	put_html(body, (struct str){text->ptr ? text->ptr : "", text->len});
	buf_cstr(body, "</pre>\n");
}

/** Of all functions ("f=.") there may be hundreds of thousands, which take a browser half a minute: shortens the text
 *  to its first ones, whole, the widest. False: it is short. */
static bool cut_peek(struct buf *text)
{
	static const char separator[] = "\n----------";
	size_t nlines = 0, kept = 0;
	for (const char *at = text->ptr; at && (at = memchr(at, '\n', text->len - (size_t)(at - text->ptr))); at++) {
		if (++nlines > MAX_LINES && kept) {
			text->len = kept;
			return true;
		}
		size_t begin = (size_t)(at - text->ptr);
		if (text->len - begin > sizeof(separator) && memcmp(at, separator, sizeof(separator) - 1) == 0)
			kept = begin + 1;
	}
	return false;
}

struct err *page_peek(struct page *p, struct report *r, struct buf *body, struct buf *legend)
{
	struct buf text = {0};
	struct err *e = report_generate(r, &text);
	report_profile_labels(r, legend);
	bool is_cut = cut_peek(&text);
	put_text(&text, body);
	if (is_cut)
		buf_cstr(body, "<p>The first functions are here: focus to see others.</p>\n");
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
