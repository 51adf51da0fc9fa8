// SPDX-License-Identifier: MIT
// Context: CTL. See demangle.h. Ours, and not libstdc++'s __cxa_demangle: that one allocates, and a dump of all threads
// is asked for when a program is stuck, maybe in malloc; and Rust and clang's programs may have none.
//
// Of the Itanium C++ ABI's grammar, what names consist of is written, and types are read over (mangled_type.c). What
// is not understood (an expression, a reference to an earlier part of the name itself) leaves the name as it stands.
#include "demangle.h"

#include <string.h>

#include "mangled.h"

bool cp_mangled_put(struct cp_mangled *m, const char *text, size_t len)
{
	if (!m->out)
		return true;
	if (m->len + len >= CP_DEMANGLED_BYTES)
		return false;
	memcpy(m->out + m->len, text, len);
	m->len += len;
	return true;
}

static bool put_text(struct cp_mangled *m, const char *text)
{
	return cp_mangled_put(m, text, strlen(text));
}

/** One more component of the name; `last` is what its constructor is called. */
static bool put_component(struct cp_mangled *m, const char *text, size_t len)
{
	m->last = m->len;
	m->last_len = len;
	return cp_mangled_put(m, text, len);
}

/// Components

static bool identifier(struct cp_mangled *m)
{
	size_t len;
	if (!cp_mangled_number(m, &len) || len == 0 || len > (size_t)(m->end - m->at))
		return false;
	const char *name = m->at;
	m->at += len;
	if (len >= 10 && strncmp(name, "_GLOBAL_", 8) == 0 && name[9] == 'N')
		return put_component(m, "(anonymous namespace)", strlen("(anonymous namespace)"));
	return put_component(m, name, len);
}

/** Its class's name once more, which lies in out already. */
static bool constructor(struct cp_mangled *m, const char *prefix)
{
	cp_mangled_take(m, 'I'); // inherited
	if (cp_mangled_peek(m) < '0' || cp_mangled_peek(m) > '5')
		return false;
	m->at++;
	return put_text(m, prefix) && cp_mangled_put(m, m->out ? m->out + m->last : "", m->out ? m->last_len : 0);
}

static bool operator_name(struct cp_mangled *m)
{
	static const char operators[][2][12] = {
			{"nw", " new"}, {"na", " new[]"}, {"dl", " delete"}, {"da", " delete[]"},
			{"ps", "+"}, {"ng", "-"}, {"ad", "&"}, {"de", "*"}, {"co", "~"},
			{"pl", "+"}, {"mi", "-"}, {"ml", "*"}, {"dv", "/"}, {"rm", "%"},
			{"an", "&"}, {"or", "|"}, {"eo", "^"}, {"aS", "="}, {"pL", "+="},
			{"mI", "-="}, {"mL", "*="}, {"dV", "/="}, {"rM", "%="}, {"aN", "&="},
			{"oR", "|="}, {"eO", "^="}, {"ls", "<<"}, {"rs", ">>"}, {"lS", "<<="},
			{"rS", ">>="}, {"eq", "=="}, {"ne", "!="}, {"lt", "<"}, {"gt", ">"},
			{"le", "<="}, {"ge", ">="}, {"ss", "<=>"}, {"nt", "!"}, {"aa", "&&"},
			{"oo", "||"}, {"pp", "++"}, {"mm", "--"}, {"cm", ","}, {"pm", "->*"},
			{"pt", "->"}, {"cl", "()"}, {"ix", "[]"}};
	for (size_t i = 0; m->end - m->at >= 2 && i < sizeof(operators) / sizeof(*operators); i++) {
		if (memcmp(m->at, operators[i][0], 2) != 0)
			continue;
		m->at += 2;
		return put_text(m, "operator") && put_text(m, operators[i][1]);
	}
	return false;
}

/** Behind the U: a lambda, or a type without a name. */
static bool unnamed(struct cp_mangled *m)
{
	char number[32];
	bool is_lambda = cp_mangled_take(m, 'l');
	size_t index, at = sizeof(number);
	while (is_lambda && !cp_mangled_take(m, 'E')) {
		if (!cp_mangled_skip_type(m))
			return false;
	}
	if ((!is_lambda && !cp_mangled_take(m, 't')) || !cp_mangled_index(m, &index))
		return false;
	for (index++; index; index /= 10)
		number[--at] = (char)('0' + index % 10);
	return put_text(m, is_lambda ? "{lambda#" : "{unnamed type#") &&
			cp_mangled_put(m, number + at, sizeof(number) - at) && put_text(m, "}");
}

static bool component(struct cp_mangled *m)
{
	char c = cp_mangled_peek(m);
	if (cp_mangled_take(m, 'L')) // of this file alone
		c = cp_mangled_peek(m);
	if (c >= '0' && c <= '9')
		return identifier(m);
	if (cp_mangled_take(m, 'C'))
		return constructor(m, "");
	if (cp_mangled_take(m, 'D'))
		return constructor(m, "~");
	if (cp_mangled_take(m, 'U'))
		return unnamed(m);
	return c >= 'a' && c <= 'z' && operator_name(m);
}

/** What may follow one: tags of the ABI, and template arguments. */
static bool behind_component(struct cp_mangled *m)
{
	while (cp_mangled_take(m, 'B')) {
		size_t last = m->last, last_len = m->last_len;
		if (!put_text(m, "[abi:") || !identifier(m) || !put_text(m, "]"))
			return false;
		m->last = last;
		m->last_len = last_len;
	}
	return !cp_mangled_take(m, 'I') || cp_mangled_skip_arguments(m);
}

/// Names

/** Behind the S. Names in std, and, where nothing is written, parts that were there before. */
static bool substitution(struct cp_mangled *m)
{
	static const struct {
		char letter;
		const char *name, *class; // as a whole, and of its constructor
	} known[] = {{'a', "allocator", "allocator"}, {'b', "basic_string", "basic_string"},
			{'s', "string", "basic_string"}, {'i', "istream", "basic_istream"},
			{'o', "ostream", "basic_ostream"}, {'d', "iostream", "basic_iostream"}};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!cp_mangled_take(m, known[i].letter))
			continue;
		bool has_class = cp_mangled_peek(m) == 'C' || cp_mangled_peek(m) == 'D';
		const char *text = has_class ? known[i].class : known[i].name;
		return put_text(m, "std::") && put_component(m, text, strlen(text));
	}
	while (cp_mangled_peek(m) && strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", *m->at))
		m->at++;
	return !m->out && cp_mangled_take(m, '_');
}

/** Behind the N: components up to an E. */
static bool nested_name(struct cp_mangled *m)
{
	while (cp_mangled_peek(m) && strchr("rVKRO", *m->at))
		m->at++;
	for (bool is_first = true; !cp_mangled_take(m, 'E'); is_first = false) {
		bool is_known;
		size_t index;
		if (!is_first && !put_text(m, "::"))
			return false;
		if (is_first && cp_mangled_take(m, 'S'))
			is_known = cp_mangled_take(m, 't') ? put_text(m, "std") : substitution(m);
		else if (!m->out && cp_mangled_take(m, 'T'))
			is_known = cp_mangled_index(m, &index);
		else
			is_known = component(m);
		if (!is_known || !behind_component(m))
			return false;
	}
	return true;
}

/** Behind the Z: a function, and something inside it. */
static bool local_name(struct cp_mangled *m)
{
	size_t number;
	if (!cp_mangled_name(m))
		return false;
	while (!cp_mangled_take(m, 'E')) {
		if (!cp_mangled_skip_type(m))
			return false;
	}
	if (cp_mangled_take(m, 's'))
		return put_text(m, "::string literal");
	if (cp_mangled_take(m, 'd') && !cp_mangled_index(m, &number))
		return false;
	if (!put_text(m, "::") || !cp_mangled_name(m))
		return false;
	if (cp_mangled_take(m, '_')) { // which of several
		cp_mangled_take(m, '_');
		return cp_mangled_number(m, &number);
	}
	return true;
}

static bool name(struct cp_mangled *m)
{
	if (cp_mangled_take(m, 'N'))
		return nested_name(m);
	if (cp_mangled_take(m, 'Z'))
		return local_name(m);
	if (!cp_mangled_take(m, 'S'))
		return component(m) && behind_component(m);
	if (cp_mangled_take(m, 't'))
		return put_text(m, "std::") && component(m) && behind_component(m);
	return substitution(m) && behind_component(m);
}

bool cp_mangled_name(struct cp_mangled *m)
{
	return cp_mangled_nested(m, name);
}

static bool offset(struct cp_mangled *m)
{
	size_t number;
	cp_mangled_take(m, 'n'); // below 0
	return cp_mangled_number(m, &number) && cp_mangled_take(m, '_');
}

static bool call_offset(struct cp_mangled *m)
{
	return cp_mangled_take(m, 'h') ? offset(m) : cp_mangled_take(m, 'v') && offset(m) && offset(m);
}

/** Behind the T: code in front of a virtual function, for callers who know its object as a base class. */
static bool thunk(struct cp_mangled *m)
{
	if (cp_mangled_take(m, 'c'))
		return put_text(m, "covariant return thunk to ") && call_offset(m) && call_offset(m) &&
				cp_mangled_name(m);
	const char *kind = cp_mangled_peek(m) == 'v' ? "virtual thunk to " : "non-virtual thunk to ";
	return put_text(m, kind) && call_offset(m) && cp_mangled_name(m);
}

/** A part the compiler made of a function: "name.cold". */
static bool clone(struct cp_mangled *m)
{
	const char *dot = memchr(m->at, '.', (size_t)(m->end - m->at));
	return !dot || (put_text(m, " [clone ") && cp_mangled_put(m, dot, (size_t)(m->end - dot)) && put_text(m, "]"));
}

size_t cp_demangle(const char *mangled, size_t len, char out[CP_DEMANGLED_BYTES])
{
	struct cp_mangled m = {.begin = mangled + 2, .at = mangled + 2, .end = mangled + len, .out = out};
	if (len >= 3 && mangled[0] == '_' && mangled[1] == 'R')
		return cp_rust_v0_name(&m) && clone(&m) ? m.len : 0;
	if (len < 3 || mangled[0] != '_' || mangled[1] != 'Z' || mangled[2] == 'G')
		return 0; // guards and the like are no functions, nor are tables, which are T as well
	if (!(cp_mangled_take(&m, 'T') ? thunk(&m) : cp_mangled_name(&m)))
		return 0;
	size_t rust_len = cp_rust_name(&m);
	if (rust_len)
		return rust_len;
	return clone(&m) ? m.len : 0;
}
