// SPDX-License-Identifier: MIT
// Context: CTL. See mangled.h. Types and template arguments are not shown, but where they end must be known. The names
// of the grammar's parts are those of the Itanium C++ ABI.
#include <string.h>

#include "mangled.h"

bool cp_mangled_number(struct cp_mangled *m, size_t *number_out)
{
	size_t number = 0;
	for (char c; (c = cp_mangled_peek(m)) >= '0' && c <= '9'; m->at++) {
		number = number * 10 + (size_t)(c - '0');
		if (number > 1 << 20)
			return false;
	}
	*number_out = number;
	return true;
}

bool cp_mangled_index(struct cp_mangled *m, size_t *index_out)
{
	bool is_first = cp_mangled_take(m, '_');
	*index_out = 0;
	if (is_first)
		return true;
	if (!cp_mangled_number(m, index_out) || !cp_mangled_take(m, '_'))
		return false;
	++*index_out;
	return true;
}

/** It is not written, wherever it stands. */
static bool skip_name(struct cp_mangled *m)
{
	struct cp_mangled aside = *m;
	aside.out = NULL;
	bool is_known = cp_mangled_name(&aside);
	m->at = aside.at;
	return is_known;
}

static bool skip_types(struct cp_mangled *m)
{
	while (!cp_mangled_take(m, 'E')) {
		if (!cp_mangled_skip_type(m))
			return false;
	}
	return true;
}

/** <expr-primary>, behind its L: a literal, or the address of something. */
static bool skip_literal(struct cp_mangled *m)
{
	if (cp_mangled_take(m, '_'))
		return cp_mangled_take(m, 'Z') && skip_name(m) && skip_types(m);
	if (!cp_mangled_skip_type(m))
		return false;
	while (m->at < m->end && *m->at != 'E')
		m->at++;
	return cp_mangled_take(m, 'E');
}

/** <template-arg>; expressions (X) are not understood. */
static bool skip_argument(struct cp_mangled *m)
{
	if (cp_mangled_take(m, 'L'))
		return skip_literal(m);
	if (cp_mangled_take(m, 'J'))
		return cp_mangled_skip_arguments(m);
	return cp_mangled_skip_type(m);
}

bool cp_mangled_skip_arguments(struct cp_mangled *m)
{
	if (m->depth == CP_MANGLED_DEPTH)
		return false;
	m->depth++;
	while (!cp_mangled_take(m, 'E')) {
		if (!skip_argument(m))
			return false;
	}
	m->depth--;
	return true;
}

/** Behind the D. */
static bool skip_d_type(struct cp_mangled *m)
{
	size_t number;
	if (cp_mangled_take(m, 'p'))
		return cp_mangled_skip_type(m);
	if (cp_mangled_take(m, 'v'))
		return cp_mangled_number(m, &number) && cp_mangled_take(m, '_') && cp_mangled_skip_type(m);
	if (cp_mangled_take(m, 'o')) // noexcept
		return cp_mangled_take(m, 'F') && skip_types(m);
	char c = cp_mangled_peek(m);
	m->at += c != '\0';
	return c && strchr("acdefhinsu", c);
}

/** [extent] _, behind the A. */
static bool skip_extent(struct cp_mangled *m)
{
	size_t number;
	return cp_mangled_number(m, &number) && cp_mangled_take(m, '_');
}

static bool skip_parameter(struct cp_mangled *m)
{
	size_t index;
	return cp_mangled_index(m, &index) && (!cp_mangled_take(m, 'I') || cp_mangled_skip_arguments(m));
}

static bool skip_one(struct cp_mangled *m)
{
	while (cp_mangled_peek(m) && strchr("rVKPROCG", *m->at))
		m->at++;
	if (cp_mangled_take(m, 'F')) {
		cp_mangled_take(m, 'Y');
		return skip_types(m);
	}
	if (cp_mangled_take(m, 'A'))
		return skip_extent(m) && cp_mangled_skip_type(m);
	if (cp_mangled_take(m, 'M'))
		return cp_mangled_skip_type(m) && cp_mangled_skip_type(m);
	if (cp_mangled_take(m, 'T'))
		return skip_parameter(m);
	if (cp_mangled_take(m, 'D'))
		return skip_d_type(m);
	char c = cp_mangled_peek(m);
	if (c >= 'a' && c <= 'z' && c != 'u') {
		m->at++;
		return strchr("vwbcahstijlmxynofdegz", c) != NULL;
	}
	cp_mangled_take(m, 'u'); // a vendor's type, by name
	return skip_name(m);
}

bool cp_mangled_skip_type(struct cp_mangled *m)
{
	return cp_mangled_nested(m, skip_one);
}
