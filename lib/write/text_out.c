// SPDX-License-Identifier: MIT
// Context: CTL. See text_out.h. Names are those of the symbol tables, demangled, also of a debug file's where lines are
// wanted; inlined frames are the tool's to find.
#include "text_out.h"

#include <errno.h>
#include <string.h>

#include "grow.h"
#include "locations.h"
#include "sigsafe/pagealloc.h"
#include "strings.h"
#include "symbol/demangle.h"
#include "symbol/lines.h"
#include "symbol/marker.h"
#include "vformat.h"

enum { LINE_BYTES = 1024, HAND_OVER_BYTES = 64 << 10 };

/** What is known of the location whose id is the index + 1. */
struct name {
	const struct cp_module *module;
	uint64_t offset; // from the function's start
	uint64_t string; // index of the name; 0: none
	uint64_t file;   // index of its path
	uint32_t line;   // 0: not known
};

struct cp_text_out {
	struct cprof_writer writer;
	struct cp_locations locations;
	struct cp_strings strings;
	struct name *names;
	size_t names_cap_bytes;
	char *text;
	size_t text_bytes, text_cap_bytes;
	bool wants_lines;
	int error;
};

int cp_text_out_begin(struct cp_text_out **out, struct cprof_writer writer)
{
	uint64_t empty;
	*out = NULL;
	struct cp_text_out *o = cp_pages_alloc(sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->writer = writer;
	if (!cp_strings_intern(&o->strings, "", 0, &empty))
		o->error = -ENOMEM;
	*out = o;
	return 0;
}

void cp_text_out_add(struct cp_text_out *o, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch)
{
	for (uint32_t i = 0; i < npcs; i++) {
		if (!cp_locations_intern(&o->locations, pcs[i], i == 0, epoch))
			o->error = -ENOMEM;
	}
}

static void on_found(void *arg, struct cp_symbol_query *query, const char *name, size_t len)
{
	struct cp_text_out *o = arg;
	struct name *n = &o->names[query->id - 1];
	n->offset = query->vaddr - query->symbol.start;
	char demangled[CP_DEMANGLED_BYTES];
	size_t demangled_len = cp_demangle(name, len, demangled);
	if (!cp_strings_intern(&o->strings, demangled_len ? demangled : name, demangled_len ? demangled_len : len,
			    &n->string))
		o->error = -ENOMEM;
}

static void on_line_found(void *arg, const struct cp_symbol_query *query, const char *path, size_t path_bytes,
		uint32_t line)
{
	struct cp_text_out *o = arg;
	struct name *n = &o->names[query->id - 1];
	n->line = line;
	if (!cp_strings_intern(&o->strings, path, path_bytes, &n->file))
		o->error = -ENOMEM;
}

/** Names that the module itself does not have any more. What is in queries[] is of no use after it. */
static void name_stripped(struct cp_text_out *o, const struct cp_module *module, struct cp_symbol_query *queries,
		size_t nqueries)
{
	size_t n = 0;
	for (size_t i = 0; i < nqueries; i++) {
		if (!o->names[queries[i].id - 1].string)
			queries[n++] = (struct cp_symbol_query){.vaddr = queries[i].vaddr, .id = queries[i].id};
	}
	if (n)
		cp_symbolize_stripped(module, queries, n, on_found, o);
}

static bool resolve_group(void *arg, uint64_t space, const struct cp_module *module,
		struct cp_symbol_query *queries, size_t nqueries)
{
	struct cp_text_out *o = arg;
	for (size_t i = 0; i < nqueries; i++)
		o->names[queries[i].id - 1].module = module;
	cp_locations_symbolize(&o->locations, space, module, queries, nqueries, on_found, o);
	if (module && o->wants_lines) {
		cp_lines_find(module, queries, nqueries, on_line_found, o);
		name_stripped(o, module, queries, nqueries);
	}
	return true;
}

void cp_text_out_resolve(struct cp_text_out *o)
{
	if (!cp_grow(&o->names, &o->names_cap_bytes, (o->locations.ids.count + 1) * sizeof(struct name))) {
		o->error = -ENOMEM;
		return;
	}
	if (!cp_locations_group(&o->locations, resolve_group, o))
		o->error = -ENOMEM;
}

void cp_text_out_resolve_lines(struct cp_text_out *o)
{
	o->wants_lines = true;
	cp_text_out_resolve(o);
}

static void hand_over(struct cp_text_out *o)
{
	if (o->error == 0 && o->text_bytes)
		o->error = o->writer.write(o->writer.arg, o->text, o->text_bytes);
	o->text_bytes = 0;
}

static void append(struct cp_text_out *o, const char *s, size_t len)
{
	if (!cp_grow(&o->text, &o->text_cap_bytes, o->text_bytes + len)) {
		o->error = -ENOMEM;
		return;
	}
	memcpy(o->text + o->text_bytes, s, len);
	o->text_bytes += len;
	if (o->text_bytes >= HAND_OVER_BYTES)
		hand_over(o);
}

void cp_text_out_printf(struct cp_text_out *o, const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list ap;
	va_start(ap, fmt);
	size_t len = cp_vformat(line, sizeof(line), fmt, ap);
	va_end(ap);
	append(o, line, len);
}

void cp_text_out_addresses(struct cp_text_out *o, const uintptr_t *pcs, uint32_t npcs)
{
	for (uint32_t i = 0; i < npcs; i++)
		cp_text_out_printf(o, " 0x%lx", (unsigned long)pcs[i] + (i == 0));
}

/** NULL: nothing is known of it; what came after resolve() is not. */
static const struct name *find_name(struct cp_text_out *o, uintptr_t pc, bool is_leaf, uint32_t epoch)
{
	uint32_t id = cp_locations_intern(&o->locations, pc, is_leaf, epoch);
	return id && id <= o->locations.grouped ? &o->names[id - 1] : NULL;
}

static void put_string(struct cp_text_out *o, uint64_t string)
{
	const struct cp_string_entry *e = &o->strings.entries[string];
	append(o, o->strings.bytes + e->offset, e->len);
}

static void put_function(struct cp_text_out *o, const struct name *n)
{
	put_string(o, n->string);
	cp_text_out_printf(o, "+0x%lx", (unsigned long)n->offset);
}

static void put_line(struct cp_text_out *o, const struct name *n)
{
	put_string(o, n->file);
	cp_text_out_printf(o, ":%u", n->line);
}

void cp_text_out_stack(struct cp_text_out *o, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch)
{
	for (uint32_t i = 0; i < npcs; i++) {
		const struct name *n = find_name(o, pcs[i], i == 0, epoch);
		if (pcs[i] < CP_MARKER_LIMIT) {
			cp_text_out_printf(o, "#\t%s\n", cp_marker_name((enum cp_marker)pcs[i]));
			continue;
		}
		cp_text_out_printf(o, "#\t0x%lx", (unsigned long)pcs[i] - (i != 0));
		if (n && n->string) {
			append(o, "\t", 1);
			put_function(o, n);
		}
		if (n && n->line) {
			append(o, "\t", 1);
			put_line(o, n);
		} else if (n && n->module) {
			cp_text_out_printf(o, "\t%s", n->module->path);
		}
		append(o, "\n", 1);
	}
}

/** address: as pcs[] has it, a return address moved into the call. */
static void put_place(struct cp_text_out *o, const struct name *n, uintptr_t address)
{
	append(o, "\n\t", 2);
	if (n->line) {
		put_line(o, n);
		append(o, " (", 2);
	}
	cp_text_out_printf(o, "%s +0x%lx%s", n->module->path, (unsigned long)(address - n->module->load_bias),
			n->line ? ")" : "");
}

void cp_text_out_frames(struct cp_text_out *o, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch)
{
	for (uint32_t i = 0; i < npcs; i++) {
		const struct name *n = find_name(o, pcs[i], i == 0, epoch);
		uintptr_t address = pcs[i] - (i != 0);
		if (pcs[i] < CP_MARKER_LIMIT) {
			cp_text_out_printf(o, "%s\n", cp_marker_name((enum cp_marker)pcs[i]));
			continue;
		}
		if (n && n->string)
			put_function(o, n);
		else
			cp_text_out_printf(o, "0x%lx", (unsigned long)address);
		if (n && n->module)
			put_place(o, n, address);
		append(o, "\n", 1);
	}
}

int cp_text_out_end(struct cp_text_out *o)
{
	hand_over(o);
	int error = o->error;
	cp_locations_free(&o->locations);
	cp_strings_free(&o->strings);
	cp_grow_free(&o->names, &o->names_cap_bytes);
	cp_grow_free(&o->text, &o->text_cap_bytes);
	cp_pages_free(o, sizeof(*o));
	return error;
}
