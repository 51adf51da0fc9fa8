// SPDX-License-Identifier: MIT
// Quoting (see quote.h). Well-formed UTF-8 beyond ASCII is taken as printable; bytes that are none
// become \x escapes.
#include "quote.h"

#include <string.h>

#include "buf.h"

// Length of the well-formed UTF-8 sequence at p, or 0.
static size_t utf8_len(const unsigned char *p, size_t left)
{
	size_t n = p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
	if (n == 0 || p[0] > 0xf4 || n > left)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
	bool surrogate = p[0] == 0xed && p[1] >= 0xa0;
	bool beyond = p[0] == 0xf4 && p[1] >= 0x90;
	return overlong || surrogate || beyond ? 0 : n;
}

static void quote_byte(struct buf *b, unsigned char c)
{
	static const char letters[] = "abtnvfr";
	if (c == '"' || c == '\\') {
		buf_byte(b, '\\');
		buf_byte(b, (char)c);
	} else if (c >= 7 && c <= 13) {
		buf_byte(b, '\\');
		buf_byte(b, letters[c - 7]);
	} else if (c < ' ' || c >= 0x7f) {
		buf_printf(b, "\\x%02x", c);
	} else {
		buf_byte(b, (char)c);
	}
}

char *quote_go(struct arena *a, struct str s)
{
	struct buf b = {0};
	const unsigned char *p = (const unsigned char *)s.ptr;
	buf_byte(&b, '"');
	for (size_t i = 0; i < s.len;) {
		size_t n = p[i] >= 0x80 ? utf8_len(p + i, s.len - i) : 0;
		if (n)
			buf_append(&b, p + i, n);
		else
			quote_byte(&b, p[i]);
		i += n ? n : 1;
	}
	buf_byte(&b, '"');
	char *out = arena_strndup(a, b.ptr, b.len);
	buf_deinit(&b);
	return out;
}

/** name[0..len), which is no pattern. */
static const char *quote_part(struct arena *a, const char *name, size_t len)
{
	const char *left = arena_strndup(a, name, len), *quoted = "'", *end;
	if (!strpbrk(left, " \t\n'\"\\$`&;|<>()#!?[~"))
		return left;
	for (; (end = strchr(left, '\'')); left = end + 1)
		quoted = arena_printf(a, "%s%.*s'\\''", quoted, (int)(end - left), left);
	return arena_printf(a, "%s%s'", quoted, left);
}

const char *quote_shell(struct arena *a, const char *name)
{
	const char *quoted = *name == '-' ? "./" : "", *star;
	for (; (star = strchr(name, '*')); name = star + 1)
		quoted = arena_printf(a, "%s%s*", quoted, quote_part(a, name, (size_t)(star - name)));
	return arena_printf(a, "%s%s", quoted, quote_part(a, name, strlen(name)));
}
