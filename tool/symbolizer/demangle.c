// SPDX-License-Identifier: MIT
// Demangling with libiberty. It prints all of a name or, without DMGL_PARAMS, all but the parameters
// of the outermost function; for the shorter forms its tree is pruned before it is printed, which
// knows better than any text what is a template argument and what is `operator<`.
#include "tool/symbolizer/demangle.h"

#include <stdlib.h>

#include "tool/symbolizer/demangle_rust.h"
#include "tool/symbolizer/demangle_text.h"

enum {
	MAX_NAME_BYTES = 64 << 10, // beyond this nobody reads it, and demangling may take long
	MAX_VISITS = 20000,        // nodes looked at, of a tree whose parts are shared
	MAX_DEPTH = 500,
};

struct pruning {
	bool drop_templates;
	int visits;
	bool failed;
};

typedef struct demangle_component node;

static bool is_this_qualifier(const node *n)
{
	return n->type == DEMANGLE_COMPONENT_CONST_THIS || n->type == DEMANGLE_COMPONENT_VOLATILE_THIS ||
			n->type == DEMANGLE_COMPONENT_RESTRICT_THIS ||
			n->type == DEMANGLE_COMPONENT_REFERENCE_THIS ||
			n->type == DEMANGLE_COMPONENT_RVALUE_REFERENCE_THIS;
}

// f(int) const -> f
static node *without_parameters(node *n)
{
	while (n && (n->type == DEMANGLE_COMPONENT_TYPED_NAME || is_this_qualifier(n)))
		n = n->u.s_binary.left;
	return n;
}

static void prune(struct pruning *p, node *n, int depth)
{
	if (!n || p->failed)
		return;
	if (++p->visits > MAX_VISITS || depth > MAX_DEPTH) {
		p->failed = true;
		return;
	}
	switch (n->type) {
	case DEMANGLE_COMPONENT_NAME:
	case DEMANGLE_COMPONENT_TEMPLATE_PARAM:
	case DEMANGLE_COMPONENT_FUNCTION_PARAM:
	case DEMANGLE_COMPONENT_BUILTIN_TYPE:
	case DEMANGLE_COMPONENT_EXTENDED_BUILTIN_TYPE:
	case DEMANGLE_COMPONENT_OPERATOR:
	case DEMANGLE_COMPONENT_CHARACTER:
	case DEMANGLE_COMPONENT_NUMBER:
	case DEMANGLE_COMPONENT_UNNAMED_TYPE:
		return;
	case DEMANGLE_COMPONENT_SUB_STD: {
		const char *args = memchr(n->u.s_string.string, '<', (size_t)n->u.s_string.len);
		if (p->drop_templates && args)
			n->u.s_string.len = (int)(args - n->u.s_string.string);
		return;
	}
	case DEMANGLE_COMPONENT_TEMPLATE:
		if (p->drop_templates && n->u.s_binary.left) {
			*n = *n->u.s_binary.left;
			prune(p, n, depth + 1);
			return;
		}
		break;
	case DEMANGLE_COMPONENT_LOCAL_NAME:
		n->u.s_binary.left = without_parameters(n->u.s_binary.left);
		break;
	case DEMANGLE_COMPONENT_CTOR:
		prune(p, n->u.s_ctor.name, depth + 1);
		return;
	case DEMANGLE_COMPONENT_DTOR:
		prune(p, n->u.s_dtor.name, depth + 1);
		return;
	case DEMANGLE_COMPONENT_EXTENDED_OPERATOR:
		prune(p, n->u.s_extended_operator.name, depth + 1);
		return;
	case DEMANGLE_COMPONENT_FIXED_TYPE:
		prune(p, n->u.s_fixed.length, depth + 1);
		return;
	case DEMANGLE_COMPONENT_LAMBDA:
	case DEMANGLE_COMPONENT_DEFAULT_ARG:
		prune(p, n->u.s_unary_num.sub, depth + 1);
		return;
	default:
		break;
	}
	prune(p, n->u.s_binary.left, depth + 1);
	prune(p, n->u.s_binary.right, depth + 1);
}

static bool demangle_cplusplus(struct buf *out, const char *name, enum demangle_mode mode)
{
	const int options = DMGL_ANSI | (mode == DEMANGLE_FULL ? DMGL_PARAMS : 0);
	void *memory = NULL;
	node *tree = cplus_demangle_v3_components(name, options, &memory);
	bool is_printed = false;
	if (tree) {
		struct pruning p = {.drop_templates = mode == DEMANGLE_SIMPLE};
		while (tree->type == DEMANGLE_COMPONENT_CLONE)
			tree = tree->u.s_binary.left;
		if (mode != DEMANGLE_FULL)
			prune(&p, tree, 0);
		is_printed = !p.failed && demangle_text_of_tree(out, tree, options);
	}
	free(memory);
	if (is_printed)
		return true;
	// A tree that lost template arguments others refer to cannot be printed: all of it, then.
	out->len = 0;
	return demangle_text_of_cplusplus(out, name, options);
}

// "map<int, set<int>>" -> "map<int, set<int> >", as libiberty itself mostly writes it, and pprof always.
static struct str space_brackets(struct arena *a, struct str text)
{
	size_t to = 0;
	char *out = arena_alloc(a, 2 * text.len + 1, 1);
	for (size_t i = 0; i < text.len; i++) {
		bool closes_two = text.ptr[i] == '>' && i > 0 && text.ptr[i - 1] == '>';
		bool is_operator = i > 8 && memcmp(text.ptr + i - 9, "operator>", 9) == 0;
		if (closes_two && !is_operator)
			out[to++] = ' ';
		out[to++] = text.ptr[i];
	}
	return (struct str){out, to};
}

bool demangle(struct arena *a, struct str name, enum demangle_mode mode, struct str *text_out)
{
	bool rust = str_has_prefix(name, STR("_R"));
	if (mode == DEMANGLE_NONE || name.len > MAX_NAME_BYTES ||
			!(rust || str_has_prefix(name, STR("_Z"))))
		return false;
	char *copy = arena_strndup(a, name.ptr, name.len);
	struct buf text = {0};
	bool is_rust = demangle_rust(&text, copy, mode), is_known = is_rust;
	if (!is_known && !rust) {
		text.len = 0;
		is_known = demangle_cplusplus(&text, copy, mode);
	}
	struct str whole = {text.ptr, text.len};
	if (is_known)
		*text_out = is_rust ? (struct str){arena_strndup(a, whole.ptr, whole.len), whole.len}
				    : space_brackets(a, whole);
	buf_deinit(&text);
	return is_known;
}

static bool reads_like_cplusplus(struct str s)
{
	if (s.len == 0 || memmem(s.ptr, s.len, ".<", 2)) // Java's "class.<init>"
		return false;
	if (memmem(s.ptr, s.len, "]).", 3)) // Go's "list.(*List[...]).Push"
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (memchr("<>[]", s.ptr[i], 4))
			return true;
	return memmem(s.ptr, s.len, "::", 2) != NULL;
}

// Cuts all that stands between `open` and its `close`; from an unmatched `close` on, nothing more.
static struct str cut_between(struct arena *a, struct str s, char open, char close)
{
	char *out = arena_strndup(a, s.ptr, s.len);
	size_t to = 0, opened_at = 0;
	int depth = 0;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == close && depth == 0) {
			memcpy(out + to, s.ptr + i, s.len - i);
			return (struct str){out, to + s.len - i};
		}
		if (c == open && depth++ == 0)
			opened_at = to;
		out[to++] = c;
		if (c == close && --depth == 0)
			to = opened_at;
	}
	return (struct str){out, to};
}

struct str demangle_shorten(struct arena *a, struct str name, enum demangle_mode mode)
{
	if (!reads_like_cplusplus(name))
		return name;
	if (mode == DEMANGLE_SIMPLE || mode == DEMANGLE_TEMPLATES)
		name = cut_between(a, name, '(', ')');
	if (mode == DEMANGLE_SIMPLE)
		name = cut_between(a, name, '<', '>');
	return name;
}
