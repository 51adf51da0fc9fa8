// SPDX-License-Identifier: MIT
// See resolver.h.
#include "tool/symbolizer/resolver.h"

#include "tool/binutils/object_tools.h"
#include "tool/binutils/objfile.h"
#include "tool/symbolizer/dwarf_file.h"
#include "tool/symbolizer/external.h"

struct resolver {
	struct arena *arena;
	const struct objfile *objfile;
	struct resolver_options options;
	bool opened;
	struct dwarf_file *dwarf; // one of these two once opened
	struct external *external;
};

struct resolver *resolver_new(struct arena *a, const struct objfile *f,
		const struct resolver_options *options)
{
	struct resolver *r = arena_new(a, struct resolver);
	*r = (struct resolver){.arena = a, .objfile = f, .options = *options};
	return r;
}

static struct err *open_external(struct resolver *r)
{
	struct object_tools *tools = r->options.tools;
	if (!tools || r->options.names_only)
		return NULL;
	const struct tool *llvm = object_tools_llvm_symbolizer(tools);
	if (llvm->named)
		return external_llvm_symbolizer(r->arena, llvm->path, r->objfile->path,
				r->objfile->is_data, &r->external);
	const struct tool *addr2line = object_tools_addr2line(tools);
	if (addr2line->named)
		return external_addr2line(r->arena, addr2line->path, object_tools_nm(tools)->path,
				r->objfile->path, &r->external);
	return NULL;
}

static struct err *open_dwarf(struct resolver *r)
{
	if (!r->objfile->elf)
		return err_new(r->arena, "not an ELF file: name an llvm-symbolizer with -tools to read it");
	unsigned want = (r->options.names_only ? 0 : DWARF_WANT_LINES) |
			(r->objfile->is_data ? DWARF_WANT_VARIABLES : 0);
	return dwarf_file_open(r->arena, r->objfile->path, r->options.debug_path, want, &r->dwarf);
}

struct err *resolver_lookup(struct resolver *r, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out)
{
	memset(frames_out, 0, n * sizeof *frames_out);
	if (!r->opened) {
		struct err *e = open_external(r);
		if (!e && !r->external)
			e = open_dwarf(r);
		if (e)
			return e;
		r->opened = true;
	}
	if (r->external)
		return external_lookup(r->external, r->arena, addresses, n, frames_out);
	dwarf_file_lookup(r->dwarf, r->arena, addresses, n, frames_out);
	return NULL;
}

struct err *resolver_shortcoming(const struct resolver *r)
{
	return r->dwarf ? dwarf_file_failed_fetch(r->dwarf) : NULL;
}

void resolver_close(struct resolver *r)
{
	if (!r)
		return;
	dwarf_file_close(r->dwarf);
	external_close(r->external);
	r->dwarf = NULL;
	r->external = NULL;
}
