// SPDX-License-Identifier: MIT
// Context: CTL. The little of ELF that names need. Every offset and count is the file's claim: loops are
// bounded by what the file really has.
#include "elf.h"

#include <errno.h>
#include <string.h>

#include "sigsafe/sys.h"

// As many sections as 16 bits can name; also bounds the search for a table in a hostile file.
enum { MAX_SECTIONS = 0xffff, MAX_NOTE_BYTES = 4096, PAGE_BYTES = 4096 };

// Most names are shorter; those of C++ that are not may be very long.
enum { USUAL_NAME_BYTES = 256 };

size_t cp_elf_read(const struct cp_elf *elf, uint64_t offset, void *buf, size_t n)
{
	const struct cp_elf_source *s = &elf->source;
	if (offset <= elf->head_bytes && n <= elf->head_bytes - offset) {
		memcpy(buf, elf->head + offset, n);
		return n;
	}
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

struct cp_elf_headers cp_elf_sections(const struct cp_elf *elf)
{
	return (struct cp_elf_headers){.elf = elf, .offset = elf->header.e_shoff, .nleft = elf->nsections,
			.entry_bytes = sizeof(Elf64_Shdr)};
}

static struct cp_elf_headers segments(const struct cp_elf *elf)
{
	return (struct cp_elf_headers){.elf = elf, .offset = elf->header.e_phoff, .nleft = elf->header.e_phnum,
			.entry_bytes = sizeof(Elf64_Phdr)};
}

const void *cp_elf_next_header(struct cp_elf_headers *h)
{
	if (h->at == h->nread) {
		size_t n = sizeof(h->some) / h->entry_bytes;
		if (n > h->nleft)
			n = (size_t)h->nleft;
		h->at = 0;
		h->nread = cp_elf_read(h->elf, h->offset, h->some, n * h->entry_bytes) / h->entry_bytes;
		h->offset += h->nread * h->entry_bytes;
		h->nleft -= h->nread;
	}
	return h->at < h->nread ? h->some + h->at++ * h->entry_bytes : NULL;
}

int cp_elf_open(struct cp_elf *elf, struct cp_elf_source source)
{
	*elf = (struct cp_elf){.source = source};
	elf->head_bytes = cp_elf_read(elf, 0, elf->head, sizeof(elf->head));
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
	struct cp_elf_headers headers = segments(elf);
	for (const Elf64_Phdr *segment; (segment = cp_elf_next_header(&headers));) {
		if (segment->p_type != PT_NOTE)
			continue;
		size_t want = segment->p_filesz < sizeof(notes) ? segment->p_filesz : sizeof(notes);
		size_t size = cp_elf_read(elf, segment->p_offset, notes, want);
		size_t len = build_id_in(notes, size, id_out, max);
		if (len)
			return len;
	}
	return 0;
}

bool cp_elf_has_text_at(const struct cp_elf *elf, uint64_t vaddr)
{
	struct cp_elf_headers headers = segments(elf);
	for (const Elf64_Phdr *segment; (segment = cp_elf_next_header(&headers));) {
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) &&
				segment->p_vaddr / PAGE_BYTES == vaddr / PAGE_BYTES)
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
