// SPDX-License-Identifier: MIT
// Context: CTL. The pass over the symbol table, and the little of ELF it needs. Every offset and count
// is the file's claim: reads are all or nothing, loops are bounded by what the file really has.
#include "elf.h"

#include <errno.h>
#include <string.h>

#include "sigsafe/sys.h"

// As many sections as 16 bits can name; also bounds the search for a table in a hostile file.
enum { MAX_SECTIONS = 0xffff, MAX_NOTE_BYTES = 4096, PAGE_BYTES = 4096 };

// Most names are shorter; those of C++ that are not may be very long.
enum { USUAL_NAME_BYTES = 256 };

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

size_t cp_elf_read(const struct cp_elf *elf, uint64_t offset, void *buf, size_t n)
{
	const struct cp_elf_source *s = &elf->source;
	if (s->fd < 0) {
		if (offset >= s->mem_bytes)
			return 0;
		if (n > s->mem_bytes - offset)
			n = (size_t)(s->mem_bytes - offset);
		memcpy(buf, s->mem + offset, n);
		return n;
	}
	size_t done = 0;
	while (done < n && offset + done <= INT64_MAX) {
		long r = cp_syscall(SYS_pread64, s->fd, (char *)buf + done, n - done, offset + done);
		if (r == -EINTR)
			continue;
		if (r <= 0)
			break;
		done += (size_t)r;
	}
	return done;
}

static bool read_all(const struct cp_elf *elf, uint64_t offset, void *buf, size_t n)
{
	return cp_elf_read(elf, offset, buf, n) == n;
}

bool cp_elf_section(const struct cp_elf *elf, uint64_t index, Elf64_Shdr *section_out)
{
	return index < elf->nsections &&
			read_all(elf, elf->header.e_shoff + index * sizeof(*section_out), section_out,
					sizeof(*section_out));
}

static bool read_segment(const struct cp_elf *elf, unsigned index, Elf64_Phdr *segment_out)
{
	return index < elf->header.e_phnum &&
			read_all(elf, elf->header.e_phoff + index * sizeof(*segment_out), segment_out,
					sizeof(*segment_out));
}

int cp_elf_open(struct cp_elf *elf, struct cp_elf_source source)
{
	*elf = (struct cp_elf){.source = source};
	Elf64_Ehdr *h = &elf->header;
	static const uint8_t ident[] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB};
	if (!read_all(elf, 0, h, sizeof(*h)) || memcmp(h->e_ident, ident, sizeof(ident)) != 0)
		return -ENOEXEC;
	if (h->e_phentsize != sizeof(Elf64_Phdr))
		h->e_phnum = 0;
	if (h->e_shoff == 0 || h->e_shentsize != sizeof(Elf64_Shdr))
		return 0;
	elf->nsections = h->e_shnum;
	if (h->e_shnum == 0) { // 65280 sections or more: the count is in the first one
		Elf64_Shdr first;
		elf->nsections = 1;
		elf->nsections = cp_elf_section(elf, 0, &first) ? first.sh_size : 0;
	}
	if (elf->nsections > MAX_SECTIONS)
		elf->nsections = MAX_SECTIONS;
	return 0;
}

/** The GNU build id among the notes; returns its length. */
static size_t build_id_in(const uint8_t *notes, size_t size, uint8_t *id_out, size_t max)
{
	size_t at = 0;
	while (size - at >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note;
		memcpy(&note, notes + at, sizeof(note));
		at += sizeof(note);
		// Sizes are 32 bits wide and `size` is small, so these sums do not overflow.
		uint64_t name_bytes = ((uint64_t)note.n_namesz + 3) & ~(uint64_t)3;
		uint64_t desc_bytes = ((uint64_t)note.n_descsz + 3) & ~(uint64_t)3;
		if (name_bytes + desc_bytes > size - at)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
				memcmp(notes + at, "GNU", 4) == 0) {
			size_t len = note.n_descsz < max ? note.n_descsz : max;
			memcpy(id_out, notes + at + name_bytes, len);
			return len;
		}
		at += name_bytes + desc_bytes;
	}
	return 0;
}

size_t cp_elf_build_id(const struct cp_elf *elf, uint8_t *id_out, size_t max)
{
	uint8_t notes[MAX_NOTE_BYTES];
	Elf64_Phdr segment;
	for (unsigned i = 0; read_segment(elf, i, &segment); i++) {
		if (segment.p_type != PT_NOTE)
			continue;
		size_t want = segment.p_filesz < sizeof(notes) ? segment.p_filesz : sizeof(notes);
		size_t size = cp_elf_read(elf, segment.p_offset, notes, want);
		size_t len = build_id_in(notes, size, id_out, max);
		if (len)
			return len;
	}
	return 0;
}

bool cp_elf_has_text_at(const struct cp_elf *elf, uint64_t vaddr)
{
	Elf64_Phdr segment;
	for (unsigned i = 0; read_segment(elf, i, &segment); i++) {
		if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) &&
				segment.p_vaddr / PAGE_BYTES == vaddr / PAGE_BYTES)
			return true;
	}
	return false;
}

size_t cp_elf_string(const struct cp_elf *elf, const Elf64_Shdr *strings, uint64_t offset, char *buf,
		size_t max)
{
	if (offset >= strings->sh_size || max == 0)
		return 0;
	uint64_t left = strings->sh_size - offset;
	size_t most = left < max ? left : max;
	size_t usual = most < USUAL_NAME_BYTES ? most : USUAL_NAME_BYTES;
	size_t n = cp_elf_read(elf, strings->sh_offset + offset, buf, usual);
	const char *end = memchr(buf, '\0', n);
	if (!end && n == usual && usual < most) {
		n += cp_elf_read(elf, strings->sh_offset + offset + n, buf + n, most - n);
		end = memchr(buf + usual, '\0', n - usual);
	}
	return end ? (size_t)(end - buf) : 0;
}

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

/** An unsized symbol reaches to the next one, but not beyond its section. */
static bool is_in_section(const struct cp_elf *elf, const struct cp_symbol_candidate *c, uint64_t vaddr)
{
	Elf64_Shdr section;
	return cp_elf_section(elf, c->section, &section) && vaddr >= section.sh_addr &&
			vaddr - section.sh_addr < section.sh_size;
}

/** Queries without a symbol of their own look at those of their neighbours below; then decides. */
static void settle(const struct cp_elf *elf, struct cp_symbol_query *queries, size_t n)
{
	struct cp_symbol_candidate sized = {0}, unsized = {0};
	for (size_t i = 0; i < n; i++) {
		struct cp_symbol_query *q = &queries[i];
		if (q->symbol.is_set)
			sized = q->symbol;
		if (q->unsized.is_set)
			unsized = q->unsized;
		q->symbol = sized;
		q->is_found = sized.is_set && q->vaddr - sized.start < sized.size_bytes;
		bool follows_sized = !sized.is_set || unsized.start - sized.start >= sized.size_bytes;
		if (!q->is_found && unsized.is_set && follows_sized &&
				is_in_section(elf, &unsized, q->vaddr)) {
			q->symbol = unsized;
			q->is_found = true;
		}
	}
}

static bool find_table(const struct cp_elf *elf, Elf64_Shdr *table_out)
{
	bool found = false;
	Elf64_Shdr section;
	for (uint64_t i = 0; cp_elf_section(elf, i, &section); i++) {
		if (section.sh_entsize != sizeof(Elf64_Sym))
			continue;
		if (section.sh_type == SHT_SYMTAB || (section.sh_type == SHT_DYNSYM && !found)) {
			*table_out = section;
			found = true;
		}
		if (section.sh_type == SHT_SYMTAB)
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
	settle(elf, queries, nqueries);
	return 0;
}
