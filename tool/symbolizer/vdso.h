// SPDX-License-Identifier: MIT
// The functions that the kernel maps into every process: of the kernel that is running now there is an image in this
// process, too. Called by local.c for mappings of "[vdso]", and where such mappings are described.
#ifndef CPROF_TOOL_SYMBOLIZER_VDSO_H
#define CPROF_TOOL_SYMBOLIZER_VDSO_H

#include <libelf.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

bool vdso_is_file(struct str file);

/** The image here; NULL where there is none. */
Elf *vdso_elf(void);

/** Hex digits, of the image here; empty where there is none. */
struct str vdso_build_id(struct arena *a);

/** A path that leads to a copy of it, while the file is open that is returned; -1: there is none. */
int vdso_open(struct arena *a, const char **path_out);

#endif
