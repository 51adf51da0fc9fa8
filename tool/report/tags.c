// SPDX-License-Identifier: MIT
// -tags: per label key, what each of its values accounts for. Samples are added up by label set first,
// for a million samples have few of those.
#include <stdlib.h>

#include "tool/measurement/measurement.h"
#include "tool/report/cells.h"
#include "tool/report/columns.h"
#include "tool/report/formats.h"
#include "tool/report/tagsums.h"

// Of nothing, or less than that, there are no shares.
static void put_share(const struct report *r, int64_t value, struct buf *b)
{
	if (r->total <= 0)
		return;
	buf_cstr(b, " (");
	put_percent(value, r->total, b);
	buf_cstr(b, ")");
}

static void put_key(const struct report *r, const struct tag_sum *tags, uint32_t n, struct buf *b)
{
	int64_t total = 0;
	for (uint32_t i = 0; i < n; i++)
		total = wrap_add(total, tags[i].value);
	buf_str(b, profile_str(r->profile, tags[0].key));
	buf_cstr(b, ":\t Total ");
	report_value(r, total, b);
	buf_cstr(b, " of ");
	report_value(r, r->total, b);
	put_share(r, total, b);
	buf_byte(b, '\n');
	for (uint32_t i = 0; i < n; i++) {
		buf_cstr(b, " \t");
		report_value(r, tags[i].value, b);
		put_share(r, tags[i].value, b);
		buf_cstr(b, ":\t ");
		buf_str(b, profile_str(r->profile, tags[i].name));
		buf_byte(b, '\n');
	}
	buf_byte(b, '\n');
}

struct err *report_write_tags(struct report *r, struct buf *out)
{
	struct tag_sums sums = tag_sums_create(r);
	struct buf b = {0};
	for (uint32_t i = 0, end; i < sums.n; i = end) {
		for (end = i; end < sums.n && sums.items[end].key == sums.items[i].key;)
			end++;
		put_key(r, sums.items + i, end - i, &b);
	}
	if (b.len)
		columns_align_right((struct str){b.ptr, b.len}, out);
	buf_deinit(&b);
	tag_sums_destroy(&sums);
	return NULL;
}
