// SPDX-License-Identifier: MIT
// Context: CTL. The sections of an ELF file that line tables are in, read into memory: nothing is mapped, as in elf.h.
#ifndef CPROF_SYMBOL_LINE_SECTIONS_H
#define CPROF_SYMBOL_LINE_SECTIONS_H

#include "elf.h"
#include "format/line_table.h"

/** Those of up to 64 MiB, unpacked (by zlib). 0: the line tables are there; their strings may be missing. -ENOENT,
 *  -EFBIG, -EINVAL, -EIO, -ENOMEM: they are not, and out is empty. */
int cp_line_sections_read(const struct cp_elf *elf, struct line_sections *out);

void cp_line_sections_free(struct line_sections *s);

#endif
