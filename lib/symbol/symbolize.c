// SPDX-License-Identifier: MIT
// Context: CTL. From a module's file, or the vDSO's memory, to the names of its addresses.
#include "symbolize.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "module_file.h"
#include "plt.h"
#include "sigsafe/pagealloc.h"

enum { TABLE_BYTES = CP_SYMBOLIZE_TABLE_BYTES, NAME_BYTES = CP_SYMBOLIZE_NAME_BYTES, VDSO_MAX_BYTES = 64 << 10 };

static int open_vdso(struct cp_elf *elf)
{
	const uint8_t *mem = (const uint8_t *)getauxval(AT_SYSINFO_EHDR);
	if (!mem)
		return -ENOENT;
	// The kernel maps its image whole, section headers at the end; nothing behind them is read.
	Elf64_Ehdr header;
	memcpy(&header, mem, sizeof(header));
	uint64_t bytes = header.e_shoff + (uint64_t)header.e_shnum * header.e_shentsize;
	if (bytes > VDSO_MAX_BYTES)
		return -ENOEXEC;
	return cp_elf_open(elf, (struct cp_elf_source){.fd = -1, .mem = mem, .mem_bytes = bytes});
}

/** Hands on the names that one of the two searches found. Several addresses of one function are next to each other. */
static void report(const struct cp_elf *elf, const Elf64_Shdr *strings, struct cp_symbol_query *queries,
		size_t nqueries, bool is_plt, char *name, cp_symbol_found *found, void *arg)
{
	static const char suffix[] = "@plt";
	uint64_t offset = UINT64_MAX; // of what is in `name`
	size_t len = 0;
	for (size_t i = 0; i < nqueries; i++) {
		struct cp_symbol_query *q = &queries[i];
		if (!q->is_found || q->is_plt != is_plt)
			continue;
		if (q->symbol.name_offset != offset) {
			offset = q->symbol.name_offset;
			len = cp_elf_string(elf, strings, offset, name, NAME_BYTES);
			if (len > 0 && is_plt) {
				memcpy(name + len, suffix, sizeof(suffix));
				len += sizeof(suffix) - 1;
			}
		}
		if (len > 0)
			found(arg, q, name, len);
	}
}

static int find_names(const struct cp_elf *elf, bool has_plt, char *room, struct cp_symbol_query *queries,
		size_t nqueries, cp_symbol_found *found, void *arg)
{
	char *name = room + TABLE_BYTES;
	Elf64_Shdr strings;
	int ret = cp_elf_find(elf, queries, nqueries, room, TABLE_BYTES, &strings);
	if (ret == 0)
		report(elf, &strings, queries, nqueries, false, name, found, arg);
	if (has_plt && cp_plt_find(elf, queries, nqueries, room, TABLE_BYTES, &strings) == 0)
		report(elf, &strings, queries, nqueries, true, name, found, arg);
	return ret;
}

int cp_symbolize(const struct cp_module *module, char *room, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg)
{
	struct cp_elf elf;
	if (!module)
		return cp_perfmap_find(queries, nqueries, found, arg);
	if (!room)
		return -ENOMEM;
	if (strcmp(module->path, "[vdso]") == 0) {
		int ret = open_vdso(&elf);
		return ret ? ret : find_names(&elf, true, room, queries, nqueries, found, arg);
	}
	int ret = cp_module_file_open(&elf, module);
	if (ret < 0)
		return ret;
	ret = find_names(&elf, true, room, queries, nqueries, found, arg);
	cp_module_file_close(&elf);
	return ret;
}

int cp_symbolize_stripped(const struct cp_module *module, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg)
{
	struct cp_elf elf;
	int ret = cp_module_file_open_debug(&elf, module);
	if (ret < 0)
		return ret;
	char *room = cp_pages_alloc(CP_SYMBOLIZE_BYTES);
	cp_pages_fill(room, TABLE_BYTES);
	ret = room ? find_names(&elf, false, room, queries, nqueries, found, arg) // it has the headers of a PLT alone
		   : -ENOMEM;
	cp_pages_free(room, CP_SYMBOLIZE_BYTES);
	cp_module_file_close(&elf);
	return ret;
}
