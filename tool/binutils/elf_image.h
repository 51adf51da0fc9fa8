// SPDX-License-Identifier: MIT
// What the base arithmetic needs to know of an ELF file, and that arithmetic: which program header a
// mapping shows, and what to subtract from its runtime addresses. The rules are pprof's (its package
// elfexec), kernel cases included, so that both name the same function for the same profile. Pure:
// objfile.c fills the struct.
#ifndef CPROF_TOOL_BINUTILS_ELF_IMAGE_H
#define CPROF_TOOL_BINUTILS_ELF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tool/binutils/objfile.h"

struct elf_segment {
	uint64_t offset, vaddr, filesz, memsz;
	bool executable;
};

struct elf_image {
	int type; // ET_EXEC, ET_DYN, ET_REL
	struct elf_segment *loads; // PT_LOAD, in file order
	size_t nloads;
	const struct elf_segment *text; // the executable one that holds .text, or NULL
	bool has_kernel_offset;
	uint64_t kernel_offset; // of _stext, or of the mapping's relocation symbol
};

/** What to subtract from runtime addresses of range r, if it shows `segment` (NULL: unknown). */
struct err *elf_image_base(struct arena *a, const struct elf_image *e,
		const struct elf_segment *segment, const struct mapped_range *r, uint64_t *base_out);

/** The segment that the mapping shows at `address`; NULL in *segment_out where the file has none. */
struct err *elf_image_segment(struct arena *a, const struct elf_image *e,
		const struct mapped_range *r, uint64_t address,
		const struct elf_segment **segment_out);

#endif
