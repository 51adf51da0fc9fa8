// SPDX-License-Identifier: MIT
// Context: CTL. See line_sections.h.
#include "line_sections.h"

#include <errno.h>
#include <string.h>

#include "sigsafe/pagealloc.h"
#include "write/gzip.h"

enum { MAX_SECTION_BYTES = 64 << 20, SECTION_NAME_BYTES = 32 };

static void free_section(struct reader *section)
{
	if (section->at)
		cp_pages_free((void *)section->at, reader_left(section));
	*section = (struct reader){0};
}

/** Memory for it. 0, or -EFBIG, -ENOENT, -ENOMEM. */
static int make_section(uint64_t size, struct reader *out)
{
	if (size == 0 || size > MAX_SECTION_BYTES)
		return size ? -EFBIG : -ENOENT;
	void *bytes = cp_pages_alloc((size_t)size);
	if (!bytes)
		return -ENOMEM;
	*out = reader_of(bytes, (size_t)size);
	return 0;
}

static int read_raw(const struct cp_elf *elf, const Elf64_Shdr *header, struct reader *out)
{
	int ret = make_section(header->sh_size, out);
	if (ret < 0 || cp_elf_read(elf, header->sh_offset, (void *)out->at, reader_left(out)) == reader_left(out))
		return ret;
	free_section(out);
	return -EIO;
}

static int unpack(struct reader packed, struct reader *out)
{
	Elf64_Chdr header;
	read_bytes(&packed, &header, sizeof(header));
	// Zstandard would be a dependency of every process we are in; distributions use zlib, and the tool reads both.
	if (packed.failed || header.ch_type != ELFCOMPRESS_ZLIB)
		return -EINVAL;
	int ret = make_section(header.ch_size, out);
	if (ret == 0)
		ret = cp_unzip((void *)out->at, reader_left(out), packed.at, reader_left(&packed));
	if (ret < 0)
		free_section(out);
	return ret;
}

static int read_section(const struct cp_elf *elf, const Elf64_Shdr *header, struct reader *out)
{
	if (header->sh_type == SHT_NOBITS)
		return -ENOENT;
	if (!(header->sh_flags & SHF_COMPRESSED))
		return read_raw(elf, header, out);
	struct reader packed = {0};
	int ret = read_raw(elf, header, &packed);
	if (ret == 0)
		ret = unpack(packed, out);
	free_section(&packed);
	return ret;
}

int cp_line_sections_read(const struct cp_elf *elf, struct line_sections *out)
{
	const struct {
		const char *name;
		struct reader *section;
	} wanted[] = {{".debug_line", &out->line}, {".debug_line_str", &out->line_str}, {".debug_str", &out->str}};
	int result = -ENOENT;
	Elf64_Shdr names;
	*out = (struct line_sections){0};
	if (!cp_elf_section(elf, elf->header.e_shstrndx, &names))
		return -ENOENT;
	struct cp_elf_headers sections = cp_elf_sections(elf);
	for (const Elf64_Shdr *header; (header = cp_elf_next_header(&sections));) {
		char name[SECTION_NAME_BYTES];
		if (cp_elf_string(elf, &names, header->sh_name, name, sizeof(name)) == 0)
			continue;
		for (size_t w = 0; w < sizeof(wanted) / sizeof(*wanted); w++) {
			if (wanted[w].section->at || strcmp(name, wanted[w].name) != 0)
				continue;
			int ret = read_section(elf, header, wanted[w].section);
			result = w == 0 ? ret : result;
		}
	}
	if (result < 0)
		cp_line_sections_free(out);
	return result;
}

void cp_line_sections_free(struct line_sections *s)
{
	free_section(&s->line);
	free_section(&s->line_str);
	free_section(&s->str);
}
