// SPDX-License-Identifier: MIT
// Context: CTL. From a module to an ELF file that may be trusted to be its own. System calls are made
// directly: open() is a cancellation point, and this may run on a thread of the application.
#include "symbolize.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>

#include "plt.h"
#include "sigsafe/file.h"
#include "sigsafe/pagealloc.h"

enum {
	TABLE_BYTES = 64 << 10, // of a symbol table, at a time
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

static bool is_same_file(const struct cp_elf *elf, const struct cp_module *module)
{
	uint8_t id[CP_BUILD_ID_MAX_BYTES];
	if (!cp_elf_has_text_at(elf, module->start - module->load_bias))
		return false;
	return module->build_id_bytes == 0 ||
			(cp_elf_build_id(elf, id, sizeof(id)) == module->build_id_bytes &&
					memcmp(id, module->build_id, module->build_id_bytes) == 0);
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

static int find_names(const struct cp_elf *elf, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg)
{
	char *buf = cp_pages_alloc(TABLE_BYTES + NAME_BYTES + SUFFIX_BYTES);
	if (!buf)
		return -ENOMEM;
	char *name = buf + TABLE_BYTES;
	Elf64_Shdr strings;
	int ret = cp_elf_find(elf, queries, nqueries, buf, TABLE_BYTES, &strings);
	if (ret == 0)
		report(elf, &strings, queries, nqueries, false, name, found, arg);
	if (cp_plt_find(elf, queries, nqueries, buf, TABLE_BYTES, &strings) == 0)
		report(elf, &strings, queries, nqueries, true, name, found, arg);
	cp_pages_free(buf, TABLE_BYTES + NAME_BYTES + SUFFIX_BYTES);
	return ret;
}

static int symbolize_file(const char *path, const struct cp_module *module,
		struct cp_symbol_query *queries, size_t nqueries, cp_symbol_found *found, void *arg)
{
	long fd = cp_open(path, O_RDONLY | O_NOCTTY, 0);
	if (fd < 0)
		return (int)fd;
	struct cp_elf elf;
	int ret = cp_elf_open(&elf, (struct cp_elf_source){.fd = (int)fd});
	if (ret == 0 && !is_same_file(&elf, module))
		ret = -ESTALE;
	if (ret == 0)
		ret = find_names(&elf, queries, nqueries, found, arg);
	cp_close(fd);
	return ret;
}

int cp_symbolize(const struct cp_module *module, struct cp_symbol_query *queries, size_t nqueries,
		cp_symbol_found *found, void *arg)
{
	if (!module)
		return cp_perfmap_find(queries, nqueries, found, arg);
	if (strcmp(module->path, "[vdso]") == 0) {
		struct cp_elf elf;
		int ret = open_vdso(&elf);
		return ret ? ret : find_names(&elf, queries, nqueries, found, arg);
	}
	// The program itself can be had where its file was removed or replaced, too. (Started as
	// "ld.so program", it is not what /proc/thread-self/exe says.)
	if (module->is_main &&
			symbolize_file("/proc/thread-self/exe", module, queries, nqueries, found, arg) == 0)
		return 0;
	return symbolize_file(module->path, module, queries, nqueries, found, arg);
}
