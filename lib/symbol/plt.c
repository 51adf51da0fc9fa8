// SPDX-License-Identifier: MIT
// Context: CTL. Which slot a stub jumps through is format/plt_stub.h's.
#include "plt.h"

#include <errno.h>
#include <string.h>

#include "format/plt_stub.h"

enum { MAX_PLT_SECTIONS = 8 };

#if defined(__x86_64__)
enum { JUMP_SLOT = R_X86_64_JUMP_SLOT, GLOB_DAT = R_X86_64_GLOB_DAT };
#define slot_of plt_stub_slot_x86_64
#elif defined(__aarch64__)
enum { JUMP_SLOT = R_AARCH64_JUMP_SLOT, GLOB_DAT = R_AARCH64_GLOB_DAT };
#define slot_of plt_stub_slot_aarch64
#endif

static bool is_plt(const struct cp_elf *elf, const Elf64_Shdr *names, const Elf64_Shdr *section)
{
	char name[5];
	return section->sh_type == SHT_PROGBITS && (section->sh_flags & SHF_EXECINSTR) &&
			cp_elf_read(elf, names->sh_offset + section->sh_name, name, 4) == 4 &&
			memcmp(name, ".plt", 4) == 0;
}

/** Stubs have names of their own: a place beside a PLT that has none is not alike to what is in there. */
static void keep_apart(struct cp_symbol_query *q, const Elf64_Shdr *section)
{
	uint64_t start = section->sh_addr, end = start + section->sh_size;
	if (q->alike_end <= start || q->alike_start >= end)
		return;
	if (q->vaddr >= end)
		q->alike_start = end;
	else if (q->vaddr < start)
		q->alike_end = start;
	else
		q->alike_start = q->alike_end = 0;
}

/** Notes the stub and the slot of each unanswered query in this section; returns how many there are. */
static size_t decode_section(const struct cp_elf *elf, const Elf64_Shdr *section,
		struct cp_symbol_query *queries, size_t nqueries)
{
	size_t nstubs = 0;
	// .plt.got's may be 8 bytes long; the others say so, or are 16.
	uint64_t stub_bytes = section->sh_entsize == 8 ? 8 : PLT_STUB_BYTES;
	for (size_t i = 0; i < nqueries; i++) {
		uint64_t offset = queries[i].vaddr - section->sh_addr;
		uint8_t code[PLT_STUB_BYTES] = {0};
		if (!queries[i].is_found)
			keep_apart(&queries[i], section);
		if (queries[i].is_found || queries[i].vaddr < section->sh_addr ||
				offset >= section->sh_size)
			continue;
		offset -= offset % stub_bytes;
		cp_elf_read(elf, section->sh_offset + offset, code, sizeof(code));
		queries[i].plt_slot = slot_of(code, section->sh_addr + offset);
		queries[i].symbol.start = section->sh_addr + offset;
		nstubs += queries[i].plt_slot != 0;
	}
	return nstubs;
}

static void match(const struct cp_elf *elf, const Elf64_Rela *rela, const Elf64_Shdr *symbols,
		struct cp_symbol_query *queries, size_t nqueries)
{
	unsigned type = ELF64_R_TYPE(rela->r_info);
	if (type != JUMP_SLOT && type != GLOB_DAT)
		return;
	for (size_t i = 0; i < nqueries; i++) {
		struct cp_symbol_query *q = &queries[i];
		Elf64_Sym sym;
		if (q->is_found || q->plt_slot == 0 || q->plt_slot != rela->r_offset)
			continue;
		uint64_t at = symbols->sh_offset + ELF64_R_SYM(rela->r_info) * sizeof(sym);
		if (cp_elf_read(elf, at, &sym, sizeof(sym)) != sizeof(sym) || sym.st_name == 0)
			continue;
		q->symbol.name_offset = sym.st_name;
		q->is_found = q->is_plt = true;
	}
}

static void match_all(const struct cp_elf *elf, const Elf64_Shdr *relocations, const Elf64_Shdr *symbols,
		struct cp_symbol_query *queries, size_t nqueries, void *buf, size_t buf_bytes)
{
	const Elf64_Rela *relas = buf;
	size_t chunk_bytes = buf_bytes - buf_bytes % sizeof(*relas);
	for (uint64_t at = 0, left; at < relocations->sh_size;) {
		left = relocations->sh_size - at;
		size_t n = cp_elf_read(elf, relocations->sh_offset + at, buf,
				left < chunk_bytes ? (size_t)left : chunk_bytes) / sizeof(*relas);
		if (n == 0)
			return;
		for (size_t i = 0; i < n; i++)
			match(elf, &relas[i], symbols, queries, nqueries);
		at += n * sizeof(*relas);
	}
}

static size_t collect_stubs(const struct cp_elf *elf, struct cp_symbol_query *queries, size_t nqueries)
{
	Elf64_Shdr names;
	size_t nstubs = 0;
	if (!cp_elf_section(elf, elf->header.e_shstrndx, &names))
		return 0;
	int nplts = 0;
	struct cp_elf_headers sections = cp_elf_sections(elf);
	for (const Elf64_Shdr *section; nplts < MAX_PLT_SECTIONS && (section = cp_elf_next_header(&sections));) {
		if (is_plt(elf, &names, section)) {
			nstubs += decode_section(elf, section, queries, nqueries);
			nplts++;
		}
	}
	return nstubs;
}

static bool are_all_found(const struct cp_symbol_query *queries, size_t nqueries)
{
	size_t i = 0;
	while (i < nqueries && queries[i].is_found)
		i++;
	return i == nqueries;
}

int cp_plt_find(const struct cp_elf *elf, struct cp_symbol_query *queries, size_t nqueries, void *buf,
		size_t buf_bytes, Elf64_Shdr *strings_out)
{
	Elf64_Shdr symbols;
	if (are_all_found(queries, nqueries) || collect_stubs(elf, queries, nqueries) == 0)
		return -ENOENT;
	bool has_strings = false;
	struct cp_elf_headers sections = cp_elf_sections(elf);
	for (const Elf64_Shdr *section; (section = cp_elf_next_header(&sections));) {
		if (section->sh_type != SHT_RELA || section->sh_entsize != sizeof(Elf64_Rela) ||
				!cp_elf_section(elf, section->sh_link, &symbols) ||
				symbols.sh_type != SHT_DYNSYM)
			continue;
		has_strings = cp_elf_section(elf, symbols.sh_link, strings_out);
		match_all(elf, section, &symbols, queries, nqueries, buf, buf_bytes);
	}
	return has_strings ? 0 : -ENOENT;
}
