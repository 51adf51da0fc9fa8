// SPDX-License-Identifier: MIT
// Context: CTL. A mangled name as it is read: of demangle.c, mangled_type.c, rust_name.c and rust_v0.c.
#ifndef CPROF_SYMBOL_MANGLED_H
#define CPROF_SYMBOL_MANGLED_H

#include <stdbool.h>
#include <stddef.h>

/** Nested deeper than that is taken for hostile. */
enum { CP_MANGLED_DEPTH = 64 };

struct cp_mangled {
	const char *begin, *at, *end; // begin: behind _Z and _R
	char *out; // of CP_DEMANGLED_BYTES; NULL: only read over
	size_t len;
	size_t last, last_len; // the last component, in out: constructors are called so
	int depth;
};

/** The next character, 0 at the end. */
static inline char cp_mangled_peek(const struct cp_mangled *m)
{
	return m->at < m->end ? *m->at : '\0';
}

/** Takes the next character if it is c. */
static inline bool cp_mangled_take(struct cp_mangled *m, char c)
{
	bool is_there = c && cp_mangled_peek(m) == c;
	m->at += is_there;
	return is_there;
}

/** What may contain its like. False: part() says so, or it is nested too deep. */
static inline bool cp_mangled_nested(struct cp_mangled *m, bool (*part)(struct cp_mangled *))
{
	if (m->depth == CP_MANGLED_DEPTH)
		return false;
	m->depth++;
	bool is_known = part(m);
	m->depth--;
	return is_known;
}

/** False: there is no room. */
bool cp_mangled_put(struct cp_mangled *m, const char *text, size_t len);

/** Digits, maybe none: 0. False: more than any name has. */
bool cp_mangled_number(struct cp_mangled *m, size_t *number_out);

/** Up to an underscore: "_" is 0, "0_" is 1. */
bool cp_mangled_index(struct cp_mangled *m, size_t *index_out);

/** An entity's name, read over or written. */
bool cp_mangled_name(struct cp_mangled *m);

/** Reads over a type, and over template arguments behind their I. */
bool cp_mangled_skip_type(struct cp_mangled *m);
bool cp_mangled_skip_arguments(struct cp_mangled *m);

/** What was written, as Rust says it; the new length. 0: it is not of Rust, as it was before v0. */
size_t cp_rust_name(struct cp_mangled *m);

/** A name of Rust's, read and written up to what compilers append to names. */
bool cp_rust_v0_name(struct cp_mangled *m);

#endif
