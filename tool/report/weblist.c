// SPDX-License-Identifier: MIT
// -weblist: a source listing as a page that stands alone. The web UI puts the same listing into a page
// of its own (report_source_html).
#include "tool/report/cells.h"
#include "tool/report/formats.h"
#include "tool/report/html.h"
#include "tool/report/source_listing.h"

static const char style[] =
		"<style type=\"text/css\">\n"
		"body #content{\n"
		"font-family: sans-serif;\n"
		"}\n"
		"h1 {\n"
		"  font-size: 1.5em;\n"
		"}\n"
		".legend {\n"
		"  font-size: 1.25em;\n"
		"}\n"
		".line, .nop, .unimportant {\n"
		"  color: #aaaaaa;\n"
		"}\n"
		".inlinesrc {\n"
		"  color: #000066;\n"
		"}\n"
		".livesrc {\n"
		"cursor: pointer;\n"
		"}\n"
		".livesrc:hover {\n"
		"background-color: #eeeeee;\n"
		"}\n"
		".asm {\n"
		"color: #008800;\n"
		"display: none;\n"
		"}\n"
		"</style>\n";

static const char script[] =
		"<script type=\"text/javascript\">\n"
		"function pprof_toggle_asm(e) {\n"
		"  var target;\n"
		"  if (!e) e = window.event;\n"
		"  if (e.target) target = e.target;\n"
		"  else if (e.srcElement) target = e.srcElement;\n"
		"\n"
		"  if (target) {\n"
		"    var asm = target.nextSibling;\n"
		"    if (asm && asm.className == \"asm\") {\n"
		"      asm.style.display = (asm.style.display == \"block\" ? \"\" : \"block\");\n"
		"      e.preventDefault();\n"
		"      return false;\n"
		"    }\n"
		"  }\n"
		"}\n"
		"</script>\n";

static struct str label_value(struct str labels, struct str name)
{
	while (labels.len) {
		struct str line = str_cut(&labels, '\n');
		if (str_has_prefix(line, name))
			return str_slice(line, name.len, line.len);
	}
	return STR("unknown");
}

static void put_head(const struct report *r, struct str labels, struct buf *out)
{
	buf_cstr(out, "<!DOCTYPE html>\n<html>\n<head>\n  <meta charset=\"utf-8\">\n  <title>");
	put_html(out, label_value(labels, STR("File: ")));
	buf_byte(out, ' ');
	put_html(out, label_value(labels, STR("Type: ")));
	buf_cstr(out, "</title>\n  \n  ");
	buf_cstr(out, style);
	buf_cstr(out, "  ");
	buf_cstr(out, script);
	buf_cstr(out, "</head>\n<body>\n\n<div class=\"legend\">");
	for (bool first = true; labels.len; first = false) {
		buf_cstr(out, first ? "" : "<br>\n");
		put_html(out, str_cut(&labels, '\n'));
	}
	buf_cstr(out, "<br>Total: ");
	put_value(r, r->total, 0, out);
	buf_cstr(out, "</div>");
}

struct err *report_source_html(struct report *r, uint32_t max_files, struct buf *out)
{
	struct arena a = {0};
	struct source_listing l;
	struct err *e = source_listing_build(&l, r, &a);
	if (!e)
		e = source_page_write(&l, max_files, out);
	if (e)
		e = err_new(&r->profile->arena, "%s", e->message);
	source_listing_close(&l);
	arena_deinit(&a);
	return e;
}

struct err *report_write_weblist(struct report *r, struct buf *out)
{
	struct buf labels = {0};
	report_profile_labels(r, &labels);
	put_head(r, (struct str){labels.ptr, labels.len}, out);
	buf_deinit(&labels);
	struct err *e = report_source_html(r, UINT32_MAX, out);
	buf_cstr(out, "\n</body>\n</html>\n");
	return e;
}
