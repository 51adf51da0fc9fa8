// SPDX-License-Identifier: MIT
// Hostile binaries, as the analyzer meets them: mapped anywhere, their symbols listed, addresses looked up
// in symbol table and debug information. What debuginfod sends is such a file too.
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tool/binutils/objfile.h"
#include "tool/binutils/symbols.h"
#include "tool/symbolizer/dwarf_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(struct arena *a, const char *path)
{
	static const uint64_t addresses[] = {0, 0x40, 0x1000, 0x1040, 0x1139, 0x1150, 0x1200, 0x2000, 0x401000,
			0x401100, UINT64_MAX};
	enum { N = sizeof addresses / sizeof *addresses };
	struct dwarf_file *f;
	struct frames frames[N];
	if (dwarf_file_open(a, path, "", DWARF_WANT_LINES | DWARF_WANT_VARIABLES, &f))
		return;
	dwarf_file_lookup(f, a, addresses, N, frames);
	for (unsigned i = 0; i < N; i++) // names are to be readable to their last byte
		for (uint32_t k = 0; k < frames[i].n; k++)
			arena_printf(a, "%.*s %.*s", STR_FMT(frames[i].items[k].function),
					STR_FMT(frames[i].items[k].file));
	dwarf_file_close(f);
}

static void list_symbols(struct arena *a, const char *path)
{
	struct symbol_list symbols;
	if (symbols_from_file(a, path, &symbols))
		return;
	for (size_t i = 1; i < symbols.n; i++)
		if (symbols.items[i].address < symbols.items[i - 1].address)
			__builtin_trap();
	symbols_covering(&symbols, 0x1139);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mapped_range mappings[] = {
			{0},
			{0x555555554000, 0x555555558000, 0},
			{0x555555555000, 0x555555556000, 0x1000},
			{0xffffffff81000000, 0xffffffff82000000, 0, "_stext"},
	};
	struct arena a = {0};
	int fd = memfd_create("binary", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		__builtin_trap();
	const char *path = arena_printf(&a, "/proc/self/fd/%d", fd);
	for (unsigned i = 0; i < sizeof mappings / sizeof *mappings; i++) {
		struct objfile *f;
		uint64_t address;
		if (!objfile_open(&a, path, &mappings[i], &f))
			objfile_address(&a, f, mappings[i].start + 0x139, &address);
	}
	list_symbols(&a, path);
	look_up(&a, path);
	close(fd);
	arena_deinit(&a);
	return 0;
}
