// SPDX-License-Identifier: MIT
// Context: CTL. See markup.h.
#include "markup.h"

#include <string.h>

static const char *html_escape(char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&#34;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void cp_put_html(struct cp_reply *r, const char *text)
{
	for (; *text; text++) {
		const char *escaped = html_escape(*text);
		if (escaped)
			cp_reply_text(r, escaped);
		else
			cp_reply_write(r, text, 1);
	}
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			(c != '\0' && strchr("-._~", c));
}

void cp_put_url(struct cp_reply *r, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		if (is_plain(*text))
			cp_reply_write(r, text, 1);
		else
			cp_reply_write(r, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
	}
}

void cp_put_json(struct cp_reply *r, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	cp_reply_write(r, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		// '<' may end the element or begin a comment; the rest is JSON's own.
		if (c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&')
			cp_reply_write(r, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
		else
			cp_reply_write(r, text + i, 1);
	}
	cp_reply_write(r, "\"", 1);
}
