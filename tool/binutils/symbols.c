// SPDX-License-Identifier: MIT
// See symbols.h.
#include "tool/binutils/symbols.h"

#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/infile.h"

struct growing_list {
	struct arena *arena;
	struct symbol *items;
	uint32_t n, cap;
};

static void add(struct growing_list *l, struct symbol s)
{
	l->items = arena_make_room(l->arena, l->items, l->n, &l->cap, sizeof s);
	l->items[l->n++] = s;
}

// "name type address size"; all other lines are skipped.
static void parse_nm_line(struct growing_list *l, struct str line)
{
	while (line.len && (unsigned char)line.ptr[line.len - 1] <= ' ')
		line.len--;
	struct str rest = line;
	struct str name = str_cut(&rest, ' '), type = str_cut(&rest, ' '), address = str_cut(&rest, ' ');
	struct symbol s = {.type = type.len ? type.ptr[0] : '?'};
	if (address.len == 0 || hex_decode(address, &s.address) != address.len || rest.len == 0 ||
			hex_decode(rest, &s.size) != rest.len)
		return;
	s.name = (struct str){arena_strndup(l->arena, name.ptr, name.len), name.len};
	add(l, s);
}

struct err *symbols_from_nm(struct arena *a, struct object_tools *tools, const char *nm, const char *file,
		struct symbol_list *out)
{
	const char *const argv[] = {nm, "--numeric-sort", "--print-size", "--format=posix", file, NULL};
	struct buf text = {0};
	struct err *e = object_tools_output(tools, a, argv, &text);
	struct growing_list l = {.arena = a};
	for (struct str rest = {text.ptr, text.len}; !e && rest.len;)
		parse_nm_line(&l, str_cut(&rest, '\n'));
	buf_deinit(&text);
	*out = (struct symbol_list){l.items, l.n};
	return e;
}

static int by_address(const void *x, const void *y)
{
	const struct symbol *s = x, *t = y;
	if (s->address != t->address)
		return s->address < t->address ? -1 : 1;
	return str_cmp(s->name, t->name);
}

enum { LABEL = '?' }; // a symbol of no type, for us alone

static char type_letter(Elf *elf, const GElf_Sym *sym)
{
	GElf_Shdr sh;
	if (GELF_ST_TYPE(sym->st_info) == STT_NOTYPE)
		return LABEL;
	Elf_Scn *scn = elf_getscn(elf, sym->st_shndx);
	bool code = scn && gelf_getshdr(scn, &sh) && (sh.sh_flags & SHF_EXECINSTR);
	return code ? 'T' : 'D';
}

static void read_table(struct growing_list *l, Elf *elf, Elf_Scn *table)
{
	GElf_Shdr sh;
	Elf_Data *data = elf_getdata(table, NULL);
	if (!data || !gelf_getshdr(table, &sh) || sh.sh_entsize == 0)
		return;
	for (int i = 1; (uint64_t)i < sh.sh_size / sh.sh_entsize; i++) {
		GElf_Sym sym;
		if (!gelf_getsym(data, i, &sym) || sym.st_shndx == SHN_UNDEF)
			continue;
		int type = GELF_ST_TYPE(sym.st_info);
		const char *name = elf_strptr(elf, sh.sh_link, sym.st_name);
		if (!name || !*name || type == STT_SECTION || type == STT_FILE || type == STT_TLS)
			continue;
		add(l, (struct symbol){sym.st_value, sym.st_size,
				str_from(arena_strdup(l->arena, name)), type_letter(elf, &sym)});
	}
}

// A label inside a function is no end of it.
static void drop_inner_labels(struct growing_list *l)
{
	uint64_t end = 0;
	size_t kept = 0;
	for (size_t i = 0; i < l->n; i++) {
		struct symbol s = l->items[i];
		if (s.type == LABEL && s.address < end)
			continue;
		if (s.type != LABEL && s.address + s.size > end)
			end = s.address + s.size;
		l->items[kept++] = s;
	}
	l->n = kept;
}

struct err *symbols_from_file(struct arena *a, const char *file, struct symbol_list *out)
{
	int fd = infile_open(file);
	if (fd < 0)
		return err_new(a, "open %s: %s", file, err_os(a, errno));
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	Elf_Scn *best = NULL;
	for (Elf_Scn *scn = NULL; elf && (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr sh;
		if (!gelf_getshdr(scn, &sh))
			continue;
		if (sh.sh_type == SHT_SYMTAB || (sh.sh_type == SHT_DYNSYM && !best))
			best = scn;
	}
	struct growing_list l = {.arena = a};
	if (best)
		read_table(&l, elf, best);
	elf_end(elf);
	close(fd);
	if (l.n)
		qsort(l.items, l.n, sizeof *l.items, by_address);
	drop_inner_labels(&l);
	*out = (struct symbol_list){l.items, l.n};
	return l.n ? NULL : err_new(a, "%s: no symbols", file);
}

const struct symbol *symbols_covering(const struct symbol_list *l, uint64_t address)
{
	size_t lo = 0, hi = l->n; // first symbol beyond the address
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (l->items[mid].address <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return NULL;
	const struct symbol *s = &l->items[lo - 1];
	const struct symbol *last = &l->items[l->n - 1];
	if (address - last->address >= last->size && s == last)
		return NULL;
	bool variable = strchr("bBdDrRvVW", s->type) != NULL;
	return variable && address - s->address >= s->size ? NULL : s;
}
