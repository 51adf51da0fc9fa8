// SPDX-License-Identifier: MIT
// Context: CTL. Names of Rust as it mangled before v0: those of C++, with a hash at the end and escapes for what C++
// has no letters for. See mangled.h.
#include <string.h>

#include "mangled.h"

/** Of the form from before v0: the last component is a hash. Returns where it begins; 0: it is none. */
static size_t find_rust_hash(const struct cp_mangled *m)
{
	enum { HASH_LEN = 17 };
	const char *hash = m->out + m->last;
	if (m->last < 3 || m->last_len != HASH_LEN || m->len != m->last + HASH_LEN || hash[0] != 'h')
		return 0;
	for (int i = 1; i < HASH_LEN; i++) {
		if (!strchr("0123456789abcdef", hash[i]))
			return 0;
	}
	return m->last - 2;
}

/** One escape at `at`: what it stands for in *c_out, its length. 0: it is none. */
static size_t read_escape(const char *at, size_t left, char *c_out)
{
	static const struct {
		const char *text;
		char c;
	} escapes[] = {{"$LT$", '<'}, {"$GT$", '>'}, {"$RF$", '&'}, {"$BP$", '*'}, {"$SP$", '@'}, {"$LP$", '('},
			{"$RP$", ')'}, {"$C$", ','}, {"$u20$", ' '}, {"$u27$", '\''}, {"$u5b$", '['}, {"$u5d$", ']'},
			{"$u7b$", '{'}, {"$u7d$", '}'}, {"$u7e$", '~'}, {"$u3b$", ';'}, {"$u2b$", '+'}, {"$u22$", '"'}};
	for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++) {
		size_t len = strlen(escapes[i].text);
		*c_out = escapes[i].c;
		if (len <= left && memcmp(at, escapes[i].text, len) == 0)
			return len;
	}
	return 0;
}

/** In place: it only becomes shorter. */
static size_t decode_rust(char *text, size_t len)
{
	size_t used = 0;
	for (size_t at = 0; at < len;) {
		bool is_start = at == 0 || (at >= 2 && text[at - 1] == ':' && text[at - 2] == ':');
		if (is_start && at + 1 < len && text[at] == '_' && text[at + 1] == '$') {
			at++;
			continue;
		}
		char c;
		size_t escape = read_escape(text + at, len - at, &c);
		if (!escape && at + 1 < len && text[at] == '.' && text[at + 1] == '.') {
			text[used++] = ':';
			c = ':';
			escape = 2;
		}
		text[used++] = escape ? c : text[at];
		at += escape ? escape : 1;
	}
	return used;
}

size_t cp_rust_name(struct cp_mangled *m)
{
	size_t len = find_rust_hash(m);
	return len ? decode_rust(m->out, len) : 0;
}
