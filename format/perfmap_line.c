// SPDX-License-Identifier: MIT
// See perfmap_line.h.
#include "format/perfmap_line.h"

#include "format/hex_digit.h"

/** Moves past a number and the blank behind it. */
static bool take_number(const char **at, const char *end, uint64_t *value_out)
{
	const char *c = *at;
	*value_out = 0;
	if (end - c > 2 && c[0] == '0' && (c[1] | ' ') == 'x')
		c += 2;
	const char *first = c;
	for (; c < end && hex_digit(*c) >= 0; c++) {
		if (*value_out >> 60)
			return false;
		*value_out = *value_out << 4 | (uint64_t)hex_digit(*c);
	}
	*at = c + 1;
	return c > first && c < end && *c == ' ';
}

bool perfmap_line_parse(const char *line, size_t len, struct perfmap_line *out)
{
	const char *at = line, *end = line + len;
	if (!take_number(&at, end, &out->start) || !take_number(&at, end, &out->size_bytes))
		return false;
	out->name_offset = (size_t)(at - line);
	return out->name_offset < len;
}
