// SPDX-License-Identifier: MIT
// See dwarf_sections.h. When libdw has opened a file, libelf holds its sections as libdw reads them.
#include "tool/symbolizer/dwarf_sections.h"

#include <gelf.h>

#include "base/str.h"

// ".debug_info", also as old compressed files and split ones have it.
static bool is_named(struct str section, struct str name, bool split)
{
	const struct str prefixes[] = {STR(".debug_"), STR(".zdebug_")};
	if (str_has_suffix(section, STR(".dwo")) != split)
		return false;
	section.len -= split ? 4 : 0;
	for (unsigned i = 0; i < 2; i++)
		if (str_has_prefix(section, prefixes[i]) &&
				str_eq(str_slice(section, prefixes[i].len, section.len), name))
			return true;
	return false;
}

static struct reader contents(Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	return data && data->d_buf ? reader_of(data->d_buf, data->d_size) : (struct reader){0};
}

struct dwarf_sections dwarf_sections_of(Dwarf *dwarf, bool split)
{
	struct dwarf_sections s = {0};
	const struct {
		struct str name;
		struct reader *place;
	} wanted[] = {
			{STR("info"), &s.info}, {STR("abbrev"), &s.abbrev}, {STR("line"), &s.lines.line},
			{STR("line_str"), &s.lines.line_str}, {STR("str"), &s.lines.str},
			{STR("ranges"), &s.ranges}, {STR("rnglists"), &s.rnglists},
	};
	Elf *elf = dwarf_getelf(dwarf);
	size_t names;
	const unsigned char native = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	const char *ident = elf ? elf_getident(elf, NULL) : NULL;
	if (!ident || (unsigned char)ident[EI_DATA] != native || elf_getshdrstrndx(elf, &names) != 0)
		return s;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			continue;
		struct str name = str_from(elf_strptr(elf, names, header.sh_name));
		for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++)
			if (!wanted[i].place->at && is_named(name, wanted[i].name, split))
				*wanted[i].place = contents(section);
	}
	return s;
}
