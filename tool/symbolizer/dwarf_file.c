// SPDX-License-Identifier: MIT
// See dwarf_file.h. libdwfl finds the debug information on this machine: .gnu_debuglink, .build-id/ and
// .gnu_debugdata are its business.
#include "tool/symbolizer/dwarf_file.h"

#include <elfutils/libdwfl.h>

#include "tool/symbolizer/debuginfod.h"
#include "tool/symbolizer/dwarf_lookup.h"

struct dwarf_file {
	struct arena *arena;
	unsigned want;
	char *debug_path; // libdwfl keeps a pointer to this pointer
	Dwfl_Callbacks callbacks;
	Dwfl *dwfl;
	Dwfl_Module *module;
	GElf_Addr bias; // dwfl's address of the file's address 0
	struct err *failed_fetch;
};

static const char system_debug_path[] = ":.debug:/usr/lib/debug";

static int find_no_debuginfo(Dwfl_Module *module, void **user, const char *name, GElf_Addr base,
		const char *file, const char *debuglink, GElf_Word crc, char **path_out)
{
	return -1;
}

static int find_debuginfo(Dwfl_Module *module, void **user, const char *name, GElf_Addr base,
		const char *file, const char *debuglink, GElf_Word crc, char **path_out)
{
	struct dwarf_file *f = *user;
	const unsigned char *build_id;
	GElf_Addr at;
	char *urls = debuginfod_hide(f->arena);
	int fd = dwfl_standard_find_debuginfo(module, user, name, base, file, debuglink, crc, path_out);
	debuginfod_show(urls);
	bool is_alternate = debuglink && crc == 0; // what dwz took out of several files: not of this build id
	if (fd >= 0 || *path_out || is_alternate || !urls || !*urls)
		return fd;
	int nbytes = dwfl_module_build_id(module, &build_id, &at);
	struct err *e = nbytes > 0 ? debuginfod_fetch(f->arena, build_id, (size_t)nbytes, &fd) : NULL;
	if (e) // libdwfl may ask again
		f->failed_fetch = e;
	return fd;
}

// What find_debuginfo is called with.
static void set_user(Dwfl_Module *module, struct dwarf_file *f)
{
	void **user;
	dwfl_module_info(module, &user, NULL, NULL, NULL, NULL, NULL, NULL);
	*user = f;
}

struct err *dwarf_file_open(struct arena *a, const char *path, const char *debug_path,
		unsigned want, struct dwarf_file **out)
{
	struct dwarf_file *f = arena_new(a, struct dwarf_file);
	f->arena = a;
	f->want = want;
	f->debug_path = debug_path && *debug_path
			? arena_printf(a, ":%s%s", debug_path, system_debug_path)
			: arena_strdup(a, system_debug_path);
	f->callbacks = (Dwfl_Callbacks){
			.find_elf = dwfl_build_id_find_elf,
			.find_debuginfo = want & DWARF_WANT_LINES ? find_debuginfo : find_no_debuginfo,
			.section_address = dwfl_offline_section_address,
			.debuginfo_path = &f->debug_path,
	};
	f->dwfl = dwfl_begin(&f->callbacks);
	if (f->dwfl)
		f->module = dwfl_report_offline(f->dwfl, "", path, -1);
	if (f->module)
		set_user(f->module, f);
	if (!f->module || dwfl_report_end(f->dwfl, NULL, NULL) != 0 ||
			!dwfl_module_getelf(f->module, &f->bias)) {
		struct err *e = err_new(a, "reading %s: %s", path, dwfl_errmsg(-1));
		dwarf_file_close(f);
		return e;
	}
	*out = f;
	return NULL;
}

struct err *dwarf_file_failed_fetch(const struct dwarf_file *f)
{
	return f->failed_fetch;
}

void dwarf_file_lookup(struct dwarf_file *f, struct arena *a, const uint64_t *addresses, uint32_t n,
		struct frames *frames_out)
{
	memset(frames_out, 0, n * sizeof *frames_out);
	struct dwarf_lookup l = {.arena = a, .addresses = addresses, .n = n, .frames = frames_out};
	l.symbols = arena_array(a, struct str, n);
	l.labels = arena_array(a, struct str, n);
	// First the debug information: where it has a symbol table, that is the one to read.
	Dwarf_Addr dwarf_bias = 0;
	Dwarf *dwarf = f->want & DWARF_WANT_LINES ? dwfl_module_getdwarf(f->module, &dwarf_bias) : NULL;
	symbol_names_find(&l, f->module, f->bias, (f->want & DWARF_WANT_VARIABLES) != 0);
	GElf_Addr bias;
	plt_names_find(&l, dwfl_module_getelf(f->module, &bias));
	if (dwarf)
		dwarf_units_find(&l, dwarf, (int64_t)(dwarf_bias - f->bias));
	for (uint32_t i = 0; i < n; i++) {
		struct str name = l.symbols[i].len ? l.symbols[i] : l.labels[i];
		if (frames_out[i].n || name.len == 0)
			continue;
		struct frame *frame = arena_new(a, struct frame);
		frame->function = name;
		frames_out[i] = (struct frames){frame, 1};
	}
}

void dwarf_file_close(struct dwarf_file *f)
{
	if (f && f->dwfl)
		dwfl_end(f->dwfl);
}
