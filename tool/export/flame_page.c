// SPDX-License-Identifier: MIT
// -flamegraph: the flame graph as a file that can be mailed: webui/standalone.html, with styles, scripts and
// data inside. Its @word@s are files of webui/, or what is written here.
#include "tool/export/assets.h"
#include "tool/export/flame.h"
#include "tool/export/jsonout.h"
#include "tool/report/formats.h"
#include "tool/report/html.h"

static void put_title(const struct report *r, struct buf *out)
{
	put_html(out, r->options.title);
	buf_byte(out, ' ');
	put_html(out, r->options.sample_type);
}

// What is shown, of which profile, a click away.
static void put_about(const struct report *r, struct buf *out)
{
	struct buf labels = {0};
	report_profile_labels(r, &labels);
	buf_cstr(out, "<span class=\"brand\">cprof</span>\n<details class=\"menu\"><summary>");
	put_title(r, out);
	buf_cstr(out, "</summary><pre>");
	put_html(out, (struct str){labels.ptr ? labels.ptr : "", labels.len});
	buf_cstr(out, "</pre></details>");
	buf_deinit(&labels);
}

static void put_data(struct report *r, struct buf *out)
{
	struct buf json = {0};
	flame_write(r, FLAME_MAX_BOXES, &json);
	put_json_in_html((struct str){json.ptr, json.len}, out);
	buf_deinit(&json);
}

struct err *report_write_flamegraph(struct report *r, struct buf *out)
{
	struct str page = asset(STR("standalone.html"));
	while (page.len) {
		buf_str(out, str_cut(&page, '@'));
		struct str word = str_cut(&page, '@');
		if (str_eq(word, STR("title")))
			put_title(r, out);
		else if (str_eq(word, STR("links")))
			put_about(r, out);
		else if (str_eq(word, STR("data")))
			put_data(r, out);
		else
			buf_str(out, asset(word));
	}
	return NULL;
}
