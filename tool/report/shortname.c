// SPDX-License-Identifier: MIT
// See shortname.h. Which language a name is of shows in its form alone.
#include "tool/report/shortname.h"

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_lower(c) || is_upper(c) || is_digit(c) || c == '_';
}

static char at(struct str s, size_t i)
{
	return i < s.len ? s.ptr[i] : 0;
}

// "/v2" .. before a dot or slash: a module's major version, which import paths repeat.
static struct str without_go_version(struct arena *a, struct str s)
{
	for (size_t i = 0; i + 3 < s.len; i++) {
		if (s.ptr[i] != '/' || s.ptr[i + 1] != 'v' || !is_digit(s.ptr[i + 2]))
			continue;
		size_t end = i + 2;
		while (is_digit(at(s, end)))
			end++;
		char first = s.ptr[i + 2];
		bool is_version = first != '0' && (first != '1' || end > i + 3);
		if (!is_version || (at(s, end) != '.' && at(s, end) != '/'))
			continue;
		char *cut = arena_alloc(a, s.len, 1);
		memcpy(cut, s.ptr, i);
		memcpy(cut + i, s.ptr + end, s.len - end);
		return (struct str){cut, s.len - (end - i)};
	}
	return s;
}

// Whatever follows the last slash of a path, as far as it looks like one.
static bool short_go(struct str s, struct str *out)
{
	size_t begin = 0, i = 0;
	while (i < s.len) {
		size_t start = i;
		while (is_word(at(s, i)) || at(s, i) == '-' || at(s, i) == '.')
			i++;
		if (i == start || at(s, i) != '/' || i + 1 == s.len)
			break;
		begin = ++i;
	}
	*out = str_slice(s, begin, s.len);
	return begin > 0;
}

// Packages begin with a small letter, classes with a large one, methods with a small one again.
static bool short_java(struct str s, struct str *out)
{
	size_t begin = 0, i;
	while (is_lower(at(s, begin))) {
		for (i = begin; is_word(at(s, i));)
			i++;
		if (at(s, i) != '.')
			return false;
		begin = i + 1;
	}
	if (!is_upper(at(s, begin)))
		return false;
	for (i = begin; is_word(at(s, i)) || at(s, i) == '$';)
		i++;
	if (at(s, i++) != '.')
		return false;
	if (str_has_prefix(str_slice(s, i, s.len), STR("<init>"))) {
		i += 6;
	} else {
		if (!is_lower(at(s, i)))
			return false;
		while (is_word(at(s, i)) || at(s, i) == '$')
			i++;
	}
	*out = str_slice(s, begin, i);
	return i == s.len || s.ptr[i] == '(';
}

// The length of an identifier at `i`, 0 where there is none.
static size_t identifier(struct str s, size_t i)
{
	size_t end = i;
	while (is_word(at(s, end)))
		end++;
	return is_digit(at(s, i)) ? 0 : end - i;
}

static bool is_class_name(struct str s)
{
	size_t i = 0;
	while (at(s, i) == '_')
		i++;
	return is_upper(at(s, i));
}

// "~?name<...>" at i: where it ends; 0 where there is no such thing.
static size_t method_end(struct str s, size_t i)
{
	i += at(s, i) == '~';
	size_t n = identifier(s, i), end = i + n;
	if (!n)
		return 0;
	for (size_t k = s.len; at(s, end) == '<' && k > end + 1; k--)
		if (s.ptr[k - 1] == '>')
			return k;
	return end;
}

// Behind at least one namespace: the last class name followed by ::, and what follows.
static bool short_cpp(struct str s, struct str *out)
{
	size_t class = 0, end = 0;
	for (size_t i = 0, n; (n = identifier(s, i)) != 0; i += n + 2) {
		if (at(s, i + n) != ':' || at(s, i + n + 1) != ':')
			break;
		size_t method = i > 0 && is_class_name(str_slice(s, i, i + n)) ?
				method_end(s, i + n + 2) : 0;
		if (method) {
			class = i;
			end = method;
		}
	}
	*out = str_slice(s, class, end);
	return class > 0;
}

struct str short_function_name(struct arena *a, struct str name)
{
	struct str anonymous = STR("(anonymous namespace)::"), s;
	if (str_has_prefix(name, anonymous))
		name = str_slice(name, anonymous.len, name.len);
	name = without_go_version(a, name);
	if (short_go(name, &s) || short_java(name, &s) || short_cpp(name, &s))
		return s;
	return name;
}
