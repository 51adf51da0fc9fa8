// SPDX-License-Identifier: MIT
// See jsonout.h.
#include "tool/export/jsonout.h"

// The length of the UTF-8 character at s; 0 where the bytes are none (overlong, surrogate, cut off).
static size_t utf8_length(struct str s)
{
	const unsigned char *b = (const unsigned char *)s.ptr;
	unsigned char lead = b[0];
	size_t n = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : (lead & 0xf0) == 0xe0 ? 3 :
			lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
	if (!n || n > s.len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	bool is_overlong = (lead == 0xe0 && b[1] < 0xa0) || (lead == 0xf0 && b[1] < 0x90);
	bool is_beyond = (lead == 0xed && b[1] >= 0xa0) || (lead == 0xf4 && b[1] >= 0x90);
	return is_overlong || is_beyond ? 0 : n;
}

static void put_ascii(unsigned char c, struct buf *out)
{
	static const char short_forms[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
			['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
	if (c < sizeof(short_forms) && short_forms[c]) {
		buf_byte(out, '\\');
		buf_byte(out, short_forms[c]);
	} else if (c < 0x20 || c == 0x7f) {
		buf_printf(out, "\\u%04x", c);
	} else {
		buf_byte(out, (char)c);
	}
}

void put_json_string(struct str s, struct buf *out)
{
	buf_byte(out, '"');
	while (s.len) {
		size_t n = utf8_length(s);
		if (n == 1)
			put_ascii((unsigned char)s.ptr[0], out);
		else if (n)
			buf_append(out, s.ptr, n);
		else
			buf_cstr(out, "\xef\xbf\xbd");
		s = str_slice(s, n ? n : 1, s.len);
	}
	buf_byte(out, '"');
}

void put_json_key(const char *key, bool first, struct buf *out)
{
	if (!first)
		buf_byte(out, ',');
	buf_byte(out, '"');
	buf_cstr(out, key);
	buf_cstr(out, "\":");
}

void put_json_in_html(struct str json, struct buf *out)
{
	for (size_t i = 0; i < json.len; i++) {
		char c = json.ptr[i];
		if (c == '<' || c == '>' || c == '&')
			buf_printf(out, "\\u%04x", c);
		else
			buf_byte(out, c);
	}
}
