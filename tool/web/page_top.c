// SPDX-License-Identifier: MIT
// Top: the rows of -top as JSON, which webui/top.js makes a table of that can be sorted and searched.
#include "page.h"

#include "tool/export/jsonout.h"

struct rows {
	struct report *report;
	struct buf json;
};

static void put_value(struct report *r, const char *key, int64_t v, struct buf *out)
{
	struct buf text = {0};
	report_value(r, v, &text);
	put_json_key(key, false, out);
	put_json_string((struct str){text.ptr, text.len}, out);
	buf_deinit(&text);
}

static void put_row(void *arg, const struct text_row *row)
{
	struct rows *rows = arg;
	struct buf *out = &rows->json;
	buf_cstr(out, out->len ? ",\n{" : "{");
	put_json_key("Name", true, out);
	put_json_string(row->name, out);
	if (row->function.len && !str_eq(row->function, row->name)) { // of lines, for one
		put_json_key("Function", false, out);
		put_json_string(row->function, out);
	}
	put_json_key("InlineLabel", false, out);
	put_json_string(str_from(row->inline_label), out);
	put_json_key("Flat", false, out);
	buf_i64(out, row->flat);
	put_json_key("Cum", false, out);
	buf_i64(out, row->cum);
	put_value(rows->report, "FlatFormat", row->flat, out);
	put_value(rows->report, "CumFormat", row->cum, out);
	buf_byte(out, '}');
}

struct err *page_top(struct page *p, struct report *r, struct buf *body, struct buf *legend)
{
	struct rows rows = {.report = r};
	struct buf json = {0};
	report_text_rows(r, legend, put_row, &rows);
	buf_printf(&json, "{\"Total\":%ld,\"Rows\":[", r->total);
	buf_append(&json, rows.json.ptr, rows.json.len);
	buf_cstr(&json, "]}");
	buf_cstr(body, "<table id=\"top\"></table>\n");
	page_put_data((struct str){json.ptr, json.len}, body);
	buf_deinit(&rows.json);
	buf_deinit(&json);
	return NULL;
}
