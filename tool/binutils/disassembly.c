// SPDX-License-Identifier: MIT
// See disassembly.h. Both objdumps print lines of four kinds before an instruction's own: "file:line",
// "function():" (LLVM: "address <function>:"), headers, and blank ones. Anything not understood ends
// what is known of function and line.
#include "tool/binutils/disassembly.h"

#include <ctype.h>

#include "base/buf.h"
#include "base/hex.h"

struct parser {
	struct arena *arena;
	struct instruction *items;
	uint32_t n, cap;
	struct str function, file;
	int64_t line;
};

static bool parse_instruction(struct parser *p, struct str line)
{
	uint64_t address;
	size_t digits = hex_decode(line, &address);
	if (digits == 0 || digits + 1 >= line.len || line.ptr[digits] != ':' || !
			isspace((unsigned char)line.ptr[digits + 1]))
		return false;
	p->items = arena_make_room(p->arena, p->items, p->n, &p->cap, sizeof *p->items);
	p->items[p->n++] = (struct instruction){address, str_trim(str_slice(line, digits + 1, line.len)),
			p->function, p->file, p->line};
	return true;
}

// LLVM marks its comments by "; ".
static struct str without_comment_mark(struct str line)
{
	if (line.len && line.ptr[0] == ';')
		line = str_slice(line, 1, line.len);
	if (line.len && isspace((unsigned char)line.ptr[0]))
		line = str_slice(line, 1, line.len);
	return line;
}

static bool parse_file_line(struct parser *p, struct str line)
{
	line = without_comment_mark(line);
	for (size_t at = line.len; at-- > 0;) {
		if (line.ptr[at] != ':' || at + 1 == line.len || !isdigit((unsigned char)line.ptr[at + 1]))
			continue;
		uint64_t number = 0;
		for (size_t i = at + 1; i < line.len && isdigit((unsigned char)line.ptr[i]); i++)
			number = number > UINT32_MAX ? number : 10 * number + (uint64_t)(line.ptr[i] - '0');
		if (number <= UINT32_MAX) {
			p->file = str_slice(line, 0, at);
			p->line = (int64_t)number;
		}
		return true;
	}
	return false;
}

static bool parse_function(struct parser *p, struct str line)
{
	struct str name = without_comment_mark(line);
	for (size_t at = name.len; at-- > 1;) {
		if (at + 3 <= name.len && memcmp(name.ptr + at, "():", 3) == 0 &&
				!isspace((unsigned char)name.ptr[0])) {
			p->function = str_slice(name, 0, at);
			return true;
		}
	}
	const char *colon = line.len ? memrchr(line.ptr, ':', line.len) : NULL;
	if (!colon)
		return false;
	size_t from = 0, to = (size_t)(colon - line.ptr);
	while (from < to && isxdigit((unsigned char)line.ptr[from]))
		from++;
	if (from < to && isspace((unsigned char)line.ptr[from]))
		from++;
	p->function = str_slice(line, from, to);
	return true;
}

struct disassembly disassembly_parse(struct arena *a, struct str text)
{
	struct parser p = {.arena = a};
	while (text.len) {
		struct str line = str_trim(str_cut(&text, '\n'));
		if (parse_instruction(&p, line) || parse_file_line(&p, line) || parse_function(&p, line))
			continue;
		p.function = p.file = (struct str){0};
		p.line = 0;
	}
	return (struct disassembly){p.items, p.n};
}

struct err *disassemble(struct arena *a, struct object_tools *tools, const char *file, uint64_t start,
		uint64_t end, bool intel_syntax, struct disassembly *out)
{
	bool llvm = false;
	const struct tool *objdump = tools ? object_tools_objdump(tools, &llvm) : NULL;
	*out = (struct disassembly){0};
	if (!objdump || !objdump->found)
		return err_new(a, "cannot disasm: no objdump tool available");
	const char *argv[12] = {objdump->path, "--disassemble", "--demangle", "--no-show-raw-insn",
			"--line-numbers"};
	size_t n = 5;
	argv[n++] = arena_printf(a, "--start-address=%#lx", start);
	argv[n++] = arena_printf(a, "--stop-address=%#lx", end);
	if (intel_syntax && llvm) {
		argv[n++] = "--x86-asm-syntax=intel";
	} else if (intel_syntax) {
		argv[n++] = "-M";
		argv[n++] = "intel";
	}
	argv[n] = file;
	struct buf text = {0};
	struct err *e = object_tools_output(tools, a, argv, &text);
	if (!e)
		*out = disassembly_parse(a, (struct str){arena_strndup(a, text.ptr, text.len), text.len});
	buf_deinit(&text);
	return e;
}
