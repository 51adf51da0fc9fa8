// SPDX-License-Identifier: MIT
// Names from the symbol table, for a batch of addresses: one pass over the symbols, each looking for
// the addresses it covers, so that nothing is stored and nothing sorted but the few addresses.
#include <gelf.h>

#include "format/crtbegin.h"
#include "format/lower_bound.h"
#include "tool/symbolizer/dwarf_lookup.h"

struct candidate {
	uint64_t start, label_end;
	const char *name;
	bool is_local, is_sized;
};

/** Without the version that follows '@'. */
static size_t name_length(const char *name)
{
	return strcspn(name, "@");
}

static bool is_better(const struct candidate *x, const struct candidate *than)
{
	if (!than->name)
		return true;
	if (x->start != than->start)
		return x->start > than->start;
	if (x->is_sized != than->is_sized)
		return x->is_sized;
	if (x->is_local != than->is_local)
		return than->is_local;
	// Aliases: "write" rather than "__write", "free" rather than "cfree", whatever the order in the table.
	size_t len = name_length(x->name), other_len = name_length(than->name);
	return len != other_len ? len < other_len : strcmp(x->name, than->name) < 0;
}

// A label reaches no further than its section: behind .init are the stubs of the PLT.
static uint64_t label_end(Elf *elf, GElf_Word section, const GElf_Sym *sym, uint64_t address)
{
	GElf_Shdr sh;
	Elf_Scn *scn = elf ? elf_getscn(elf, section) : NULL;
	uint64_t left = scn && gelf_getshdr(scn, &sh) ? sh.sh_addr + sh.sh_size - sym->st_value : UINT64_MAX;
	return left < UINT64_MAX - address ? address + left : UINT64_MAX;
}

static bool in_code(Elf *elf, GElf_Word section)
{
	GElf_Shdr sh;
	Elf_Scn *scn = elf_getscn(elf, section);
	return scn && gelf_getshdr(scn, &sh) && (sh.sh_flags & SHF_EXECINSTR);
}

static bool is_wanted(const GElf_Sym *sym, const char *name, Elf *elf, GElf_Word section,
		bool with_variables)
{
	if (!name || !*name || section == SHN_UNDEF)
		return false;
	switch (GELF_ST_TYPE(sym->st_info)) {
	case STT_FUNC:
	case STT_GNU_IFUNC:
		return true;
	case STT_OBJECT:
		return with_variables;
	case STT_NOTYPE: // labels of assembler code; not the markers "$x" and ".L1"
		return name[0] != '$' && name[0] != '.' && elf && in_code(elf, section);
	default:
		return false;
	}
}

static void offer(struct candidate *best, const struct candidate *x)
{
	if (is_better(x, best))
		*best = *x;
}

static bool is_past_crtbegin(const struct candidate *label, uint64_t address)
{
	return label->is_local && address - label->start >= CRTBEGIN_LAST_BYTES &&
			!strcmp(label->name, CRTBEGIN_LAST_NAME);
}

void symbol_names_find(struct dwarf_lookup *l, Dwfl_Module *module, GElf_Addr bias,
		bool with_variables)
{
	struct candidate *covering = arena_array(l->arena, struct candidate, l->n);
	struct candidate *preceding = arena_array(l->arena, struct candidate, l->n);
	int count = dwfl_module_getsymtab(module);
	for (int i = 1; i < count; i++) {
		GElf_Sym sym;
		GElf_Addr address;
		GElf_Word section;
		Elf *elf;
		const char *name = dwfl_module_getsym_info(module, i, &sym, &address, &section, &elf, NULL);
		if (!is_wanted(&sym, name, elf, section, with_variables))
			continue;
		address -= bias;
		uint32_t k = lower_bound(l->addresses, l->n, address);
		if (k == l->n)
			continue;
		struct candidate c = {.start = address, .name = name, .is_sized = sym.st_size != 0,
				.is_local = GELF_ST_BIND(sym.st_info) == STB_LOCAL};
		if (!c.is_sized)
			c.label_end = label_end(elf, section, &sym, address);
		offer(&preceding[k], &c);
		for (; k < l->n && l->addresses[k] - address < sym.st_size; k++)
			offer(&covering[k], &c);
	}
	for (uint32_t i = 0; i < l->n; i++) {
		if (i > 0 && preceding[i - 1].name)
			offer(&preceding[i], &preceding[i - 1]);
		const char *name = covering[i].name, *label = preceding[i].name;
		if (name)
			l->symbols[i] = (struct str){name, name_length(name)};
		else if (label && !preceding[i].is_sized && l->addresses[i] < preceding[i].label_end &&
				!is_past_crtbegin(&preceding[i], l->addresses[i]))
			l->labels[i] = (struct str){label, name_length(label)};
	}
}
