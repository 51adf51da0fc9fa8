// SPDX-License-Identifier: MIT
// See cells.h.
#include "tool/report/cells.h"

#include "base/utf8.h"
#include "tool/graph/graph.h"
#include "tool/measurement/measurement.h"

void put_right(struct buf *out, struct str s, size_t width)
{
	size_t columns = utf8_columns(s);
	if (columns < width)
		buf_pad(out, ' ', width - columns);
	buf_str(out, s);
}

void put_value(const struct report *r, int64_t v, size_t width, struct buf *out)
{
	char text[MEASUREMENT_LABEL_BYTES];
	double ratio = r->options.ratio;
	if (ratio > 0 && ratio != 1)
		v = int64_of_double((double)v * ratio);
	size_t len = measurement_format(text, v, r->options.sample_unit, r->options.output_unit);
	put_right(out, (struct str){text, len}, width);
}

void put_value_or_dot(const struct report *r, int64_t v, size_t width, struct buf *out)
{
	if (v)
		put_value(r, v, width, out);
	else
		put_right(out, STR("."), width);
}

void report_value(const struct report *r, int64_t v, struct buf *out)
{
	put_value(r, v, 0, out);
}

void put_percent(int64_t v, int64_t total, struct buf *out)
{
	char text[MEASUREMENT_PERCENT_BYTES];
	buf_append(out, text, measurement_percentage(text, v, total));
}

void put_percent_bare(int64_t v, int64_t total, struct buf *out)
{
	char text[MEASUREMENT_PERCENT_BYTES];
	size_t len = measurement_percentage(text, v, total), blanks = 0;
	while (blanks < len && text[blanks] == ' ')
		blanks++;
	buf_append(out, text + blanks, len - blanks);
}
