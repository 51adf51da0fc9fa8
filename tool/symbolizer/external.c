// SPDX-License-Identifier: MIT
// See external.h.
#include "tool/symbolizer/external.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>

#include "tool/binutils/subprocess.h"
#include "tool/binutils/symbols.h"

enum { MAX_FRAMES = 1024 };

struct external {
	struct conversation conversation;
	const char *file;
	bool is_llvm, is_data;
	struct symbol_list symbols; // of nm, for addr2line
};

struct err *external_llvm_symbolizer(struct arena *a, const char *tool, const char *file,
		bool is_data, struct external **out)
{
	struct external *x = arena_new(a, struct external);
	*x = (struct external){.file = file, .is_llvm = true, .is_data = is_data};
	const char *const argv[] = {tool, "--inlining", "-demangle=false", "--output-style=JSON", NULL};
	struct err *e = conversation_start(a, argv, &x->conversation);
	if (!e)
		*out = x;
	return e;
}

struct err *external_addr2line(struct arena *a, const char *tool, const char *nm, const char *file,
		struct external **out)
{
	struct external *x = arena_new(a, struct external);
	*x = (struct external){.file = file};
	const char *const argv[] = {tool, "-aif", "-e", file, NULL};
	struct err *e = conversation_start(a, argv, &x->conversation);
	if (e)
		return e;
	// Without nm, addr2line's names must do.
	if (symbols_from_nm(a, NULL, nm, file, &x->symbols))
		x->symbols = (struct symbol_list){0};
	*out = x;
	return NULL;
}

static struct str json_text(struct arena *a, const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s ? str_from(arena_strdup(a, s)) : (struct str){0};
}

static int64_t json_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void keep(struct frame *frames, uint32_t *n, struct frame f)
{
	if ((f.function.len || f.file.len || f.line) && *n < MAX_FRAMES)
		frames[(*n)++] = f;
}

static uint32_t parse_llvm(struct external *x, struct arena *a, struct str line, struct frame *frames)
{
	uint32_t n = 0;
	json_t *reply = json_loadb(line.ptr, line.len, 0, NULL);
	if (x->is_data)
		keep(frames, &n, (struct frame){.function = json_text(a, json_object_get(reply, "Data"), "Name")});
	size_t i;
	json_t *symbol;
	json_array_foreach(json_object_get(reply, "Symbol"), i, symbol) {
		keep(frames, &n, (struct frame){
				.function = json_text(a, symbol, "FunctionName"),
				.file = json_text(a, symbol, "FileName"),
				.line = json_number(symbol, "Line"),
				.column = json_number(symbol, "Column"),
				.start_line = json_number(symbol, "StartLine"),
		});
	}
	json_decref(reply);
	return n;
}

static bool ask_llvm(struct external *x, struct arena *a, uint64_t address, struct frame *frames,
		uint32_t *n_out)
{
	struct str line;
	if (!conversation_send(&x->conversation, arena_printf(a, "%s %s 0x%lx",
			x->is_data ? "DATA" : "CODE", x->file, address)) ||
			!conversation_read(&x->conversation, &line))
		return false;
	*n_out = parse_llvm(x, a, line, frames);
	return true;
}

// "file:line (discriminator 3)", "??:0", "file:?".
static void parse_file_line(struct arena *a, struct str s, struct frame *f)
{
	const char *extra = memmem(s.ptr, s.len, " (discriminator", 15);
	if (extra)
		s.len = (size_t)(extra - s.ptr);
	if (str_eq(s, STR("??:0")))
		return;
	const char *colon = memrchr(s.ptr, ':', s.len);
	size_t digits = colon ? (size_t)(s.ptr + s.len - colon - 1) : 0, i = 0;
	while (i < digits && isdigit((unsigned char)colon[1 + i]))
		i++;
	if (digits > 0 && i == digits && digits < 19) {
		char number[20] = {0};
		memcpy(number, colon + 1, digits);
		f->line = atoll(number);
		s.len = (size_t)(colon - s.ptr);
	}
	f->file = (struct str){arena_strndup(a, s.ptr, s.len), s.len};
}

// addr2line tells the end of an answer by nothing: a question with no possible answer follows each.
static bool ask_addr2line(struct external *x, struct arena *a, uint64_t address, struct frame *frames,
		uint32_t *n_out)
{
	struct conversation *c = &x->conversation;
	struct str line;
	if (!conversation_send(c, arena_printf(a, "%lx", address)) ||
			!conversation_send(c, "ffffffffffffffff") || !conversation_read(c, &line) ||
			!str_has_prefix(line, STR("0x")))
		return false;
	for (;;) {
		if (!conversation_read(c, &line))
			return false;
		if (str_has_prefix(line, STR("0x"))) // that question's echo; its "??" and "??:0" follow
			return conversation_read(c, &line) && conversation_read(c, &line);
		struct frame f = {0};
		if (!str_eq(line, STR("??")))
			f.function = (struct str){arena_strndup(a, line.ptr, line.len), line.len};
		if (!conversation_read(c, &line))
			return false;
		parse_file_line(a, line, &f);
		keep(frames, n_out, f);
	}
}

static void prefer_nm_name(struct external *x, uint64_t address, struct frame *outermost)
{
	const struct symbol *s = symbols_covering(&x->symbols, address);
	if (s && s->name.len > outermost->function.len + 1)
		outermost->function = s->name;
}

struct err *external_lookup(struct external *x, struct arena *a, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out)
{
	struct frame *frames = arena_array(a, struct frame, MAX_FRAMES);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t depth = 0;
		bool ok = x->is_llvm ? ask_llvm(x, a, addresses[i], frames, &depth)
				     : ask_addr2line(x, a, addresses[i], frames, &depth);
		if (!ok)
			return err_new(a, "the symbolizing tool ended after %u of %u addresses", i, n);
		if (depth == 0)
			continue;
		if (!x->is_llvm)
			prefer_nm_name(x, addresses[i], &frames[depth - 1]);
		struct frame *copy = arena_array(a, struct frame, depth);
		memcpy(copy, frames, depth * sizeof *copy);
		frames_out[i] = (struct frames){copy, depth};
	}
	return NULL;
}

void external_close(struct external *x)
{
	if (x)
		conversation_end(&x->conversation);
}
