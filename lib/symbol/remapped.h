// SPDX-License-Identifier: MIT
// Context: CTL. Code of a module that the program itself has mapped a second time, elsewhere, of which the loader knows
// nothing: V8 (node, Chromium) does so with its builtins, to have them near the code it compiles.
//
// By the time a profile is written it may be unmapped, so it is looked for when code in no module is met (by
// cp_modmap_read(), or the CPU profile's collector where that may not ask the loader), and what was found is kept.
#ifndef CPROF_SYMBOL_REMAPPED_H
#define CPROF_SYMBOL_REMAPPED_H

#include <stdint.h>

/** Looks for second mappings in /proc/self/maps; in its 1st, 2nd, 4th, 8th ... call only: with a JIT there always is
 *  code in no module, and that file may be long. */
void cp_remapped_scan(void);

/** [start, end) is mapped from the same place of a file as home. Under cp_modmap.lock. */
void cp_remapped_add(uintptr_t start, uintptr_t end, uintptr_t home);

/** Where the loader has mapped the code that is, or was, at pc; pc itself, where that is in no second mapping. */
uintptr_t cp_remapped_home(uintptr_t pc);

#endif
