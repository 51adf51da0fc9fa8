// SPDX-License-Identifier: MIT
// Context: CTL. The files that belong to a module: its own, and the one its debug information was moved to.
#ifndef CPROF_SYMBOL_MODULE_FILE_H
#define CPROF_SYMBOL_MODULE_FILE_H

#include "elf.h"
#include "sigsafe/modmap.h"

/** Opens the file the module was loaded from, if it still is there. -ESTALE: another file is there now; -ENOENT, ...:
 *  none can be read. */
int cp_module_file_open(struct cp_elf *elf_out, const struct cp_module *module);

/** Opens what distributions install for it as a package of debug symbols: /usr/lib/debug/.build-id/... -ENOENT. */
int cp_module_file_open_debug(struct cp_elf *elf_out, const struct cp_module *module);

void cp_module_file_close(const struct cp_elf *elf);

#endif
