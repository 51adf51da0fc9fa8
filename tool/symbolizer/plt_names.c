// SPDX-License-Identifier: MIT
// Names of the stubs of a PLT, as libcprof gives them: each stub's slot first, then whose slot that is.
#include <gelf.h>
#include <stdlib.h>

#include "format/lower_bound.h"
#include "format/plt_stub.h"
#include "tool/symbolizer/dwarf_lookup.h"

// An address in a stub.
struct stub {
	uint64_t slot;
	uint32_t at; // in the lookup
};

struct stubs {
	struct stub *items; // by slot
	uint32_t n;
	bool is_aarch64;
};

static bool is_plt(Elf *elf, size_t names, const GElf_Shdr *sh)
{
	const char *name = elf_strptr(elf, names, sh->sh_name);
	return sh->sh_type == SHT_PROGBITS && (sh->sh_flags & SHF_EXECINSTR) && name && strncmp(name, ".plt", 4) == 0;
}

static void decode_section(const struct dwarf_lookup *l, Elf_Scn *scn, const GElf_Shdr *sh, struct stubs *s)
{
	const Elf_Data *data = elf_rawdata(scn, NULL);
	// .plt.got's may be 8 bytes long; the others say so, or are 16.
	uint64_t stub_bytes = sh->sh_entsize == 8 ? 8 : PLT_STUB_BYTES;
	uint32_t i = lower_bound(l->addresses, l->n, sh->sh_addr);
	for (; data && data->d_buf && i < l->n && l->addresses[i] - sh->sh_addr < data->d_size; i++) {
		uint8_t code[PLT_STUB_BYTES] = {0};
		uint64_t offset = l->addresses[i] - sh->sh_addr;
		offset -= offset % stub_bytes;
		uint64_t left = data->d_size - offset;
		memcpy(code, (const char *)data->d_buf + offset, left < sizeof code ? left : sizeof code);
		uint64_t slot = s->is_aarch64 ? plt_stub_slot_aarch64(code, sh->sh_addr + offset)
					      : plt_stub_slot_x86_64(code, sh->sh_addr + offset);
		if (slot && l->symbols[i].len == 0)
			s->items[s->n++] = (struct stub){slot, i};
	}
}

static int by_slot(const void *x, const void *y)
{
	const struct stub *a = x, *b = y;
	return (a->slot > b->slot) - (a->slot < b->slot);
}

static uint32_t first_with(const struct stubs *s, uint64_t slot)
{
	uint32_t lo = 0, hi = s->n;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (s->items[mid].slot < slot)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

// The symbols that relocations of slots name.
static void match_section(struct dwarf_lookup *l, const struct stubs *s, Elf *elf, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Scn *symbols_scn = elf_getscn(elf, sh->sh_link);
	GElf_Shdr symbols_sh;
	if (!symbols_scn || !gelf_getshdr(symbols_scn, &symbols_sh) || symbols_sh.sh_type != SHT_DYNSYM)
		return;
	Elf_Data *relocations = elf_getdata(scn, NULL), *symbols = elf_getdata(symbols_scn, NULL);
	GElf_Rela rela;
	for (int k = 0; relocations && symbols && gelf_getrela(relocations, k, &rela); k++) {
		GElf_Sym sym;
		uint32_t i = first_with(s, rela.r_offset);
		if (i == s->n || s->items[i].slot != rela.r_offset ||
				!gelf_getsym(symbols, (int)GELF_R_SYM(rela.r_info), &sym))
			continue;
		const char *name = elf_strptr(elf, symbols_sh.sh_link, sym.st_name);
		if (!name || !*name)
			continue;
		struct str stub = str_from(arena_concat(l->arena, name, "@plt", NULL));
		for (; i < s->n && s->items[i].slot == rela.r_offset; i++)
			l->symbols[s->items[i].at] = stub;
	}
}

void plt_names_find(struct dwarf_lookup *l, Elf *elf)
{
	struct stubs s = {.items = arena_array(l->arena, struct stub, l->n)};
	GElf_Ehdr header;
	GElf_Shdr sh;
	size_t names;
	if (!elf || !gelf_getehdr(elf, &header) || elf_getshdrstrndx(elf, &names) != 0 ||
			(header.e_machine != EM_X86_64 && header.e_machine != EM_AARCH64))
		return;
	s.is_aarch64 = header.e_machine == EM_AARCH64;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));)
		if (gelf_getshdr(scn, &sh) && is_plt(elf, names, &sh))
			decode_section(l, scn, &sh, &s);
	qsort(s.items, s.n, sizeof *s.items, by_slot);
	for (Elf_Scn *scn = NULL; s.n && (scn = elf_nextscn(elf, scn));)
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_RELA)
			match_section(l, &s, elf, scn, &sh);
}
