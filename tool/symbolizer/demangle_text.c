// SPDX-License-Identifier: MIT
// See demangle_text.h. libiberty hands its text on piece by piece, but offers no way to say that it is enough: it is
// left by longjmp(). It holds no memory then but its stack, and now and then that of one Rust identifier.
#include "tool/symbolizer/demangle_text.h"

#include <setjmp.h>

enum { MAX_TEXT_BYTES = 256 << 10 };

struct printing {
	struct buf *out;
	jmp_buf too_long;
};

static void put(const char *text, size_t len, void *arg)
{
	struct printing *p = arg;
	if (len > MAX_TEXT_BYTES - p->out->len)
		longjmp(p->too_long, 1);
	buf_append(p->out, text, len);
}

bool demangle_text_of_tree(struct buf *out, struct demangle_component *tree, int options)
{
	struct printing p = {.out = out};
	if (setjmp(p.too_long) != 0)
		return false;
	return cplus_demangle_print_callback(options, tree, put, &p);
}

bool demangle_text_of_cplusplus(struct buf *out, const char *name, int options)
{
	struct printing p = {.out = out};
	if (setjmp(p.too_long) != 0)
		return false;
	return cplus_demangle_v3_callback(name, options, put, &p);
}

bool demangle_text_of_rust(struct buf *out, const char *name)
{
	struct printing p = {.out = out};
	if (setjmp(p.too_long) != 0)
		return false;
	return rust_demangle_callback(name, 0, put, &p);
}
