// SPDX-License-Identifier: MIT
// Context: CTL. From a module's file, or the vDSO's memory, to the names of its addresses.
#include "symbolize.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "module_file.h"
#include "plt.h"
#include "sigsafe/pagealloc.h"

enum {
	TABLE_BYTES = 16 << 10, // of a symbol table, at a time: the program's caches are to keep what is in them
	NAME_BYTES = 16 << 10,  // longer names (there are C++ ones) are left out: cut, they would not demangle
	SUFFIX_BYTES = 16,      // "@plt"
	VDSO_MAX_BYTES = 64 << 10,
};

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

/** Hands on the names that one of the two searches found. */
static void report(const struct cp_elf *elf, const Elf64_Shdr *strings, struct cp_symbol_query *queries,
		size_t nqueries, bool is_plt, char *name, cp_symbol_found *found, void *arg)
{
	static const char suffix[] = "@plt";
	for (size_t i = 0; i < nqueries; i++) {
		struct cp_symbol_query *q = &queries[i];
		if (!q->is_found || q->is_plt != is_plt)
			continue;
		size_t len = cp_elf_string(elf, strings, q->symbol.name_offset, name, NAME_BYTES);
		if (len == 0)
			continue;
		if (is_plt) {
			memcpy(name + len, suffix, sizeof(suffix));
			len += sizeof(suffix) - 1;
		}
		found(arg, q, name, len);
	}
}

static int find_names(const struct cp_elf *elf, bool has_plt, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg)
{
	char *buf = cp_pages_alloc(TABLE_BYTES + NAME_BYTES + SUFFIX_BYTES);
	if (!buf)
		return -ENOMEM;
	cp_pages_fill(buf, TABLE_BYTES);
	char *name = buf + TABLE_BYTES;
	Elf64_Shdr strings;
	int ret = cp_elf_find(elf, queries, nqueries, buf, TABLE_BYTES, &strings);
	if (ret == 0)
		report(elf, &strings, queries, nqueries, false, name, found, arg);
	if (has_plt && cp_plt_find(elf, queries, nqueries, buf, TABLE_BYTES, &strings) == 0)
		report(elf, &strings, queries, nqueries, true, name, found, arg);
	cp_pages_free(buf, TABLE_BYTES + NAME_BYTES + SUFFIX_BYTES);
	return ret;
}

int cp_symbolize(const struct cp_module *module, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg)
{
	struct cp_elf elf;
	if (!module)
		return cp_perfmap_find(queries, nqueries, found, arg);
	if (strcmp(module->path, "[vdso]") == 0) {
		int ret = open_vdso(&elf);
		return ret ? ret : find_names(&elf, true, queries, nqueries, found, arg);
	}
	int ret = cp_module_file_open(&elf, module);
	if (ret < 0)
		return ret;
	ret = find_names(&elf, true, queries, nqueries, found, arg);
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
	ret = find_names(&elf, false, queries, nqueries, found, arg); // it has the headers of a PLT alone
	cp_module_file_close(&elf);
	return ret;
}
