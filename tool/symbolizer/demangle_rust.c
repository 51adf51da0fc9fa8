// SPDX-License-Identifier: MIT
// Rust's names, both manglings, printed by libiberty and then changed to what pprof's demangler makes of them.
#include "tool/symbolizer/demangle_rust.h"

#include <ctype.h>
#include <string.h>

#include "tool/symbolizer/demangle_text.h"

// A demangled name on its way into `out` without what its generic arguments are.
struct emptying {
	const char *at, *end;
	struct buf *out;
};

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

// Whether a '<' behind this opens arguments: not "<T as Trait>", which is a name itself, nor "for<'a>".
static bool takes_arguments(const struct buf *before)
{
	const char *text = before->ptr;
	size_t len = before->len;
	if (len < 2)
		return len == 1 && is_name_byte(text[0]);
	bool is_binder = len >= 3 && memcmp(text + len - 3, "for", 3) == 0 &&
			(len == 3 || !is_name_byte(text[len - 4]));
	bool is_turbofish = text[len - 1] == ':' && text[len - 2] == ':';
	return (is_name_byte(text[len - 1]) && !is_binder) || text[len - 1] == '}' || is_turbofish;
}

// How the depth of brackets changes at c; the '>' of an arrow closes nothing.
static int depth_change(const char *c)
{
	if (*c == '<' || *c == '(' || *c == '[')
		return 1;
	return *c == ')' || *c == ']' || (*c == '>' && c[-1] != '-') ? -1 : 0;
}

// "Item = T": a type that a trait is bound to, which is no argument.
static bool is_binding(const struct emptying *e)
{
	const char *c = e->at;
	while (c < e->end && is_name_byte(*c))
		c++;
	return c > e->at && e->end - c >= 3 && memcmp(c, " = ", 3) == 0;
}

static void put_arguments(struct emptying *e);

// Up to the end, or of a binding up to the ',' or bracket behind it.
static void put_text(struct emptying *e, bool is_part)
{
	for (int depth = 0; e->at < e->end;) {
		int change = depth_change(e->at);
		if (is_part && depth == 0 && (*e->at == ',' || change < 0))
			return;
		if (*e->at == '<' && takes_arguments(e->out)) {
			put_arguments(e);
			continue;
		}
		depth += change;
		buf_byte(e->out, *e->at++);
	}
}

static void skip_argument(struct emptying *e)
{
	for (int depth = 0; e->at < e->end; e->at++) {
		int change = depth_change(e->at);
		if (depth == 0 && (*e->at == ',' || change < 0))
			return;
		depth += change;
	}
}

// At '<': the brackets, and between them the bindings, with the comma that stood before them.
static void put_arguments(struct emptying *e)
{
	buf_byte(e->out, *e->at++);
	for (unsigned n = 0; e->at < e->end && *e->at != '>'; n++) {
		if (is_binding(e)) {
			buf_cstr(e->out, n ? ", " : "");
			put_text(e, true);
		} else {
			skip_argument(e);
		}
		if (e->end - e->at >= 2 && e->at[0] == ',')
			e->at += 2;
		else if (e->at < e->end && *e->at != '>')
			break; // not what libiberty prints
	}
	if (e->at < e->end && *e->at == '>')
		buf_byte(e->out, *e->at++);
}

// "Vec<u8>::push::<T>" -> "Vec<>::push::<>"
static void empty_generic_arguments(struct buf *name)
{
	struct buf out = {0};
	struct emptying e = {name->ptr, name->ptr + name->len, &out};
	put_text(&e, false);
	buf_deinit(name);
	*name = out;
}

// The old mangling is that of C++, where an underscore may stand between a length and its name: pprof takes one off
// each name for that. ("_$" is one that Rust itself adds, and libiberty drops.)
static void put_without_underscores(struct buf *out, struct str name)
{
	while (name.len && isdigit((unsigned char)*name.ptr)) {
		size_t len = 0, ndigits = 0;
		for (; ndigits < name.len && isdigit((unsigned char)name.ptr[ndigits]) && len < name.len; ndigits++)
			len = len * 10 + (size_t)(name.ptr[ndigits] - '0');
		struct str part = str_slice(name, ndigits, name.len);
		if (len > part.len)
			break; // libiberty will say so
		name = str_slice(part, len, part.len);
		bool has_underscore = len > 1 && part.ptr[0] == '_' && part.ptr[1] != '$';
		part = str_slice(part, has_underscore, len);
		buf_printf(out, "%zu%.*s", part.len, STR_FMT(part));
	}
	buf_str(out, name);
}

bool demangle_rust(struct buf *out, const char *mangled, enum demangle_mode mode)
{
	bool v0 = strncmp(mangled, "_R", 2) == 0;
	bool may_be_old = strncmp(mangled, "_ZN", 3) == 0 && strstr(mangled, "17h"); // a hash of 16 digits at the end
	if (!v0 && !may_be_old)
		return false;
	// Rust's own suffixes name nothing (".llvm.1234"); libiberty wants the name without.
	const char *suffix = v0 ? strchr(mangled, '.') : strstr(mangled, ".llvm.");
	struct str whole = {mangled, suffix ? (size_t)(suffix - mangled) : strlen(mangled)};
	struct buf name = {0};
	if (v0) {
		buf_str(&name, whole);
	} else {
		buf_str(&name, str_slice(whole, 0, 3));
		put_without_underscores(&name, str_slice(whole, 3, whole.len));
	}
	buf_byte(&name, '\0');
	bool is_printed = demangle_text_of_rust(out, name.ptr);
	if (is_printed && v0 && mode == DEMANGLE_SIMPLE)
		empty_generic_arguments(out);
	buf_deinit(&name);
	return is_printed;
}
