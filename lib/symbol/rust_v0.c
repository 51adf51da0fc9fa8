// SPDX-License-Identifier: MIT
// Context: CTL. Names of Rust as it mangles since v0 (RFC 2603): paths are written, and the types that an impl is of;
// generic arguments, lifetimes and what tells crates apart are read over. See mangled.h.
#include <stdint.h>
#include <string.h>

#include "mangled.h"
#include "write/vformat.h"

static bool path(struct cp_mangled *m);
static bool type(struct cp_mangled *m);

static bool text(struct cp_mangled *m, const char *s)
{
	return cp_mangled_put(m, s, strlen(s));
}

/** Up to an underscore: "_" is 0, "0_" is 1. It is of 64 bits, and may wrap in what is hostile. */
static bool base62(struct cp_mangled *m, uint64_t *number_out)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	*number_out = 0;
	if (cp_mangled_take(m, '_'))
		return true;
	for (char c; (c = cp_mangled_peek(m)) != '_'; m->at++) {
		const char *digit = c ? strchr(digits, c) : NULL;
		if (!digit)
			return false;
		*number_out = *number_out * 62 + (uint64_t)(digit - digits);
	}
	++*number_out;
	return cp_mangled_take(m, '_');
}

/** What stands behind `tag`, plus one; 0: there is none. */
static bool tagged(struct cp_mangled *m, char tag, uint64_t *number_out)
{
	*number_out = 0;
	if (!cp_mangled_take(m, tag))
		return true;
	bool is_known = base62(m, number_out);
	++*number_out;
	return is_known;
}

static bool skip_tagged(struct cp_mangled *m, char tag)
{
	uint64_t number;
	return tagged(m, tag, &number);
}

/** Without what tells it from another of the same name. Punycode is not understood. */
static bool identifier(struct cp_mangled *m, const char **name_out, size_t *len_out)
{
	bool is_empty = cp_mangled_take(m, '0'); // another number may follow
	*len_out = 0;
	if (!is_empty && (!cp_mangled_number(m, len_out) || *len_out == 0))
		return false;
	cp_mangled_take(m, '_');
	*name_out = m->at;
	if (*len_out > (size_t)(m->end - m->at))
		return false;
	m->at += *len_out;
	return true;
}

/** Reads over what `part` reads. */
static bool skip(struct cp_mangled *m, bool (*part)(struct cp_mangled *))
{
	char *out = m->out;
	m->out = NULL;
	bool is_known = part(m);
	m->out = out;
	return is_known;
}

/** `part` stands earlier in the name. */
static bool back_reference(struct cp_mangled *m, bool (*part)(struct cp_mangled *))
{
	uint64_t offset;
	const char *reference = m->at - 1;
	if (!base62(m, &offset) || offset >= (uint64_t)(reference - m->begin))
		return false;
	if (!m->out)
		return true;
	const char *behind = m->at;
	m->at = m->begin + offset;
	bool is_known = part(m);
	m->at = behind;
	return is_known;
}

/// Types

static bool constant(struct cp_mangled *m)
{
	char decimal[24];
	uint64_t number = 0;
	if (cp_mangled_take(m, 'p'))
		return text(m, "_");
	if (cp_mangled_take(m, 'B'))
		return back_reference(m, constant);
	if (!skip(m, type)) // of an integer, but for what is only read over
		return false;
	cp_mangled_take(m, 'n');
	for (char c; (c = cp_mangled_peek(m)) != '_'; m->at++) {
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		number = number << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	cp_format(decimal, sizeof(decimal), "%llu", (unsigned long long)number);
	return cp_mangled_take(m, '_') && text(m, decimal);
}

static bool generic_argument(struct cp_mangled *m)
{
	if (cp_mangled_peek(m) == 'L')
		return skip_tagged(m, 'L');
	return cp_mangled_take(m, 'K') ? constant(m) : type(m);
}

/** Up to the E behind them, with commas; how many in *n_out. */
static bool types(struct cp_mangled *m, size_t *n_out)
{
	for (*n_out = 0; !cp_mangled_take(m, 'E'); ++*n_out) {
		if ((*n_out && !text(m, ", ")) || !type(m))
			return false;
	}
	return true;
}

static bool tuple(struct cp_mangled *m)
{
	size_t n;
	return text(m, "(") && types(m, &n) && text(m, n == 1 ? ",)" : ")");
}

static bool function_type(struct cp_mangled *m)
{
	const char *abi = "C";
	size_t len = 1, n;
	if (!skip_tagged(m, 'G') || (cp_mangled_take(m, 'U') && !text(m, "unsafe ")))
		return false;
	if (cp_mangled_take(m, 'K')) {
		if (!cp_mangled_take(m, 'C') && !identifier(m, &abi, &len))
			return false;
		if (!text(m, "extern \"") || !cp_mangled_put(m, abi, len) || !text(m, "\" "))
			return false;
	}
	if (!text(m, "fn(") || !types(m, &n) || !text(m, ")"))
		return false;
	return cp_mangled_take(m, 'u') || (text(m, " -> ") && type(m));
}

static bool dyn_type(struct cp_mangled *m)
{
	const char *name;
	size_t len;
	if (!skip_tagged(m, 'G') || !text(m, "dyn "))
		return false;
	for (bool is_first = true; !cp_mangled_take(m, 'E'); is_first = false) {
		if ((!is_first && !text(m, " + ")) || !path(m))
			return false;
		while (cp_mangled_take(m, 'p')) { // Iterator<Item = u8>
			if (!identifier(m, &name, &len) || !skip(m, type))
				return false;
		}
	}
	return skip_tagged(m, 'L');
}

static bool reference(struct cp_mangled *m, const char *sign)
{
	return skip_tagged(m, 'L') && text(m, sign) && type(m);
}

static bool basic_type(struct cp_mangled *m, char c)
{
	static const char *const names['z' - 'a' + 1] = {"i8", "bool", "char", "f64", "str", "f32", NULL, "u8", "isize",
			"usize", NULL, "i32", "u32", "i128", "u128", "_", NULL, NULL, "i16", "u16", "()", "...", NULL,
			"i64", "u64", "!"};
	const char *name = c >= 'a' && c <= 'z' ? names[c - 'a'] : NULL;
	return name && text(m, name);
}

static bool known_type(struct cp_mangled *m)
{
	char c = cp_mangled_peek(m);
	m->at += c != '\0';
	switch (c) {
	case 'A':
		return text(m, "[") && type(m) && text(m, "; ") && constant(m) && text(m, "]");
	case 'S':
		return text(m, "[") && type(m) && text(m, "]");
	case 'T':
		return tuple(m);
	case 'R':
		return reference(m, "&");
	case 'Q':
		return reference(m, "&mut ");
	case 'P':
		return text(m, "*const ") && type(m);
	case 'O':
		return text(m, "*mut ") && type(m);
	case 'F':
		return function_type(m);
	case 'D':
		return dyn_type(m);
	case 'B':
		return back_reference(m, type);
	case 'C': case 'M': case 'X': case 'Y': case 'N': case 'I':
		m->at--;
		return path(m);
	default:
		return basic_type(m, c);
	}
}

static bool type(struct cp_mangled *m)
{
	return cp_mangled_nested(m, known_type);
}

/// Paths

static bool crate(struct cp_mangled *m)
{
	const char *name;
	size_t len;
	return skip_tagged(m, 's') && identifier(m, &name, &len) && cp_mangled_put(m, name, len);
}

/** In a namespace of the language, or (a capital letter) of the compiler's: {closure#0}. */
static bool item(struct cp_mangled *m)
{
	char number[24], space = cp_mangled_peek(m);
	const char *name;
	size_t len;
	uint64_t which;
	m->at += space != '\0';
	if (!path(m) || !tagged(m, 's', &which) || !identifier(m, &name, &len))
		return false;
	if (space < 'A' || space > 'Z')
		return len == 0 || (text(m, "::") && cp_mangled_put(m, name, len));
	cp_format(number, sizeof(number), "#%llu}", (unsigned long long)which);
	const char kind[] = {space, '\0'};
	return text(m, "::{") && text(m, space == 'C' ? "closure" : space == 'S' ? "shim" : kind) &&
			(len == 0 || text(m, ":")) && cp_mangled_put(m, name, len) && text(m, number);
}

static bool impl_path(struct cp_mangled *m)
{
	return skip_tagged(m, 's') && skip(m, path);
}

static bool as_trait(struct cp_mangled *m)
{
	return text(m, "<") && type(m) && text(m, " as ") && path(m) && text(m, ">");
}

static bool generic(struct cp_mangled *m)
{
	if (!path(m))
		return false;
	while (!cp_mangled_take(m, 'E')) {
		if (!skip(m, generic_argument))
			return false;
	}
	return true;
}

static bool known_path(struct cp_mangled *m)
{
	char c = cp_mangled_peek(m);
	m->at += c != '\0';
	switch (c) {
	case 'C':
		return crate(m);
	case 'M':
		return impl_path(m) && text(m, "<") && type(m) && text(m, ">");
	case 'X':
		return impl_path(m) && as_trait(m);
	case 'Y':
		return as_trait(m);
	case 'N':
		return item(m);
	case 'I':
		return generic(m);
	case 'B':
		return back_reference(m, path);
	default:
		return false;
	}
}

static bool path(struct cp_mangled *m)
{
	return cp_mangled_nested(m, known_path);
}

bool cp_rust_v0_name(struct cp_mangled *m)
{
	if (!path(m))
		return false;
	char c = cp_mangled_peek(m);
	if (c >= 'A' && c <= 'Z' && !skip(m, path)) // the crate that has made the instance
		return false;
	return m->at == m->end || *m->at == '.';
}
