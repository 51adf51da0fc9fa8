// SPDX-License-Identifier: MIT
// Context: CTL. The pass over the symbol table; see elf_symbols.h.
#include "elf_symbols.h"

#include <errno.h>
#include <string.h>

#include "format/crtbegin.h"

// Symbol tables come in no order and are larger than the question by far: where among the queries a symbol
// falls is looked up by equal slices of the addresses asked for before it is searched for.
enum { NSLICES = 512 };

/** The queries, sorted by vaddr, with a first guess at where an address is among them. */
struct query_index {
	struct cp_symbol_query *queries;
	size_t n;
	uint64_t lowest;
	unsigned slice_shift; // a slice is 1 << slice_shift bytes
	uint32_t first[NSLICES + 1]; // query at or above the beginning of each slice
};

/**
 * How much a name is wanted where several stand at one address: what a linker sees before what it
 * does not, then the name written in programs ("read") before the library's own ("__libc_read").
 */
static int rank(const struct cp_elf *elf, const Elf64_Shdr *strings, struct cp_symbol_candidate *c)
{
	if (!c->is_ranked) {
		char start[8] = "";
		cp_elf_string(elf, strings, c->name_offset, start, sizeof(start) - 1);
		int underscores = (int)strspn(start, "_");
		c->rank = (int8_t)((c->binding == STB_LOCAL ? 0 : 32) - 2 * underscores +
				   (c->binding == STB_GLOBAL));
		c->is_ranked = true;
	}
	return c->rank;
}

static bool is_function(const Elf64_Sym *sym)
{
	unsigned type = ELF64_ST_TYPE(sym->st_info);
	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE || sym->st_name == 0)
		return false;
	// Labels of hand-written assembly often have no type; local ones are mere jump targets.
	return type == STT_FUNC || type == STT_GNU_IFUNC ||
			(type == STT_NOTYPE && ELF64_ST_BIND(sym->st_info) != STB_LOCAL);
}

size_t cp_symbol_lower_bound(const struct cp_symbol_query *queries, size_t n, uint64_t vaddr)
{
	size_t lo = 0;
	while (n) {
		size_t half = n / 2;
		if (queries[lo + half].vaddr < vaddr) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo;
}

static void index_queries(struct query_index *x, struct cp_symbol_query *queries, size_t n)
{
	x->queries = queries;
	x->n = n;
	x->lowest = n ? queries[0].vaddr : 0;
	x->slice_shift = 0;
	while (n && (queries[n - 1].vaddr - x->lowest) >> x->slice_shift >= NSLICES)
		x->slice_shift++;
	size_t i = 0;
	for (size_t slice = 0; slice < NSLICES; slice++) {
		while (i < n && (queries[i].vaddr - x->lowest) >> x->slice_shift < slice)
			i++;
		x->first[slice] = (uint32_t)i;
	}
	x->first[NSLICES] = (uint32_t)n;
}

/** lower_bound() by way of the index. */
static size_t first_at_or_above(const struct query_index *x, uint64_t vaddr)
{
	if (vaddr <= x->lowest)
		return 0;
	uint64_t slice = (vaddr - x->lowest) >> x->slice_shift;
	if (slice >= NSLICES)
		return x->n;
	uint32_t first = x->first[slice], end = x->first[slice + 1];
	return first + cp_symbol_lower_bound(x->queries + first, end - first, vaddr);
}

/** Keeps sym where it is the nearest symbol below the first query it could answer. */
static void offer(const struct cp_elf *elf, const Elf64_Shdr *strings, const Elf64_Sym *sym,
		const struct query_index *x)
{
	size_t i = first_at_or_above(x, sym->st_value);
	if (i > 0 && (x->queries[i - 1].next_start == 0 || x->queries[i - 1].next_start > sym->st_value))
		x->queries[i - 1].next_start = sym->st_value;
	if (i == x->n)
		return;
	struct cp_symbol_candidate *best = sym->st_size ? &x->queries[i].symbol : &x->queries[i].unsized;
	if (best->is_set && best->start > sym->st_value)
		return;
	struct cp_symbol_candidate c = {
			.start = sym->st_value,
			.size_bytes = sym->st_size,
			.name_offset = sym->st_name,
			.section = sym->st_shndx,
			.binding = ELF64_ST_BIND(sym->st_info),
			.is_set = true,
	};
	if (!best->is_set || best->start < c.start ||
			rank(elf, strings, &c) > rank(elf, strings, best))
		*best = c;
}

static bool is_end_of_crtbegin(const struct cp_elf *elf, const Elf64_Shdr *strings, const struct cp_symbol_candidate *c)
{
	char name[sizeof(CRTBEGIN_LAST_NAME)];
	return c->binding == STB_LOCAL && cp_elf_string(elf, strings, c->name_offset, name, sizeof(name)) &&
			strcmp(name, CRTBEGIN_LAST_NAME) == 0;
}

/** An unsized symbol reaches to the next one, but not beyond its section, nor its object where that is known. */
static bool reaches(const struct cp_elf *elf, const Elf64_Shdr *strings, const struct cp_symbol_candidate *c,
		uint64_t vaddr)
{
	Elf64_Shdr section;
	return cp_elf_section(elf, c->section, &section) && vaddr >= section.sh_addr &&
			vaddr - section.sh_addr < section.sh_size &&
			(vaddr - c->start < CRTBEGIN_LAST_BYTES || !is_end_of_crtbegin(elf, strings, c));
}

/** What is found of a sized symbol, up to the next one; of a place without a name, between two symbols. */
static void tell_alike(struct cp_symbol_query *q)
{
	uint64_t end = q->symbol.is_set ? q->symbol.start + q->symbol.size_bytes : 0;
	bool is_after = q->unsized.is_set && (!q->symbol.is_set || q->unsized.start > q->symbol.start);
	if (q->is_found && q->symbol.size_bytes > 0) {
		q->alike_start = q->symbol.start;
		q->alike_end = q->next_start < end ? q->next_start : end;
	} else if (!q->is_found && !is_after) {
		q->alike_start = end;
		q->alike_end = q->next_start;
	}
}

/** Queries without a symbol of their own look at those of their neighbours below; then decides. */
static void settle(const struct cp_elf *elf, const Elf64_Shdr *strings, struct cp_symbol_query *queries, size_t n)
{
	struct cp_symbol_candidate sized = {0}, unsized = {0};
	uint64_t next_start = UINT64_MAX;
	for (size_t i = n; i-- > 0;) {
		next_start = queries[i].next_start ? queries[i].next_start : next_start;
		queries[i].next_start = next_start;
	}
	for (size_t i = 0; i < n; i++) {
		struct cp_symbol_query *q = &queries[i];
		if (q->symbol.is_set)
			sized = q->symbol;
		if (q->unsized.is_set)
			unsized = q->unsized;
		q->symbol = sized;
		q->is_found = sized.is_set && q->vaddr - sized.start < sized.size_bytes;
		bool follows_sized = !sized.is_set || (unsized.start > sized.start &&
							      unsized.start - sized.start >= sized.size_bytes);
		if (!q->is_found && unsized.is_set && follows_sized && reaches(elf, strings, &unsized, q->vaddr)) {
			q->symbol = unsized;
			q->is_found = true;
		}
		q->unsized = unsized;
		tell_alike(q);
	}
}

static bool find_table(const struct cp_elf *elf, Elf64_Shdr *table_out)
{
	bool found = false;
	struct cp_elf_headers sections = cp_elf_sections(elf);
	for (const Elf64_Shdr *section; (section = cp_elf_next_header(&sections));) {
		if (section->sh_entsize != sizeof(Elf64_Sym))
			continue;
		if (section->sh_type == SHT_SYMTAB || (section->sh_type == SHT_DYNSYM && !found)) {
			*table_out = *section;
			found = true;
		}
		if (section->sh_type == SHT_SYMTAB)
			break;
	}
	return found;
}

int cp_elf_find(const struct cp_elf *elf, struct cp_symbol_query *queries, size_t nqueries, void *buf,
		size_t buf_bytes, Elf64_Shdr *strings_out)
{
	Elf64_Shdr table;
	if (!find_table(elf, &table) || !cp_elf_section(elf, table.sh_link, strings_out))
		return -ENOENT;
	struct query_index index;
	index_queries(&index, queries, nqueries);
	size_t chunk_bytes = buf_bytes - buf_bytes % sizeof(Elf64_Sym);
	for (uint64_t at = 0; at < table.sh_size;) {
		uint64_t left = table.sh_size - at;
		size_t got = cp_elf_read(elf, table.sh_offset + at, buf,
				left < chunk_bytes ? (size_t)left : chunk_bytes);
		const Elf64_Sym *syms = buf;
		size_t n = got / sizeof(*syms);
		if (n == 0) // the file is shorter than it says
			break;
		for (size_t i = 0; i < n; i++) {
			if (is_function(&syms[i]))
				offer(elf, strings_out, &syms[i], &index);
		}
		at += n * sizeof(*syms);
	}
	settle(elf, strings_out, queries, nqueries);
	return 0;
}
