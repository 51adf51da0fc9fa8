// SPDX-License-Identifier: MIT
// Context: SIG. What an ELF object's program headers say about its code, its unwind tables, its build id.
#ifndef CPROF_SIGSAFE_MODULE_ELF_H
#define CPROF_SIGSAFE_MODULE_ELF_H

#include <elf.h>

#include "modmap.h"

/** Sets the addresses of *module_out, nothing else. False: there is no code in it. */
bool cp_module_describe(uintptr_t load_bias, const Elf64_Phdr *ph, size_t phnum, struct cp_module *module_out);

/** Copies the GNU build id out of the mapped notes, if there is one. */
void cp_module_read_build_id(const Elf64_Phdr *ph, size_t phnum, struct cp_module *module);

/** The same as cp_module_describe(), from the ELF header in memory: `image` is where the object's first
 *  segment is mapped. The headers must lie in its first page. */
bool cp_module_describe_image(uintptr_t image, struct cp_module *module_out);

#endif
