// SPDX-License-Identifier: MIT
// Context: CTL. Names of C++ and Rust as people write them, for text and pages that a process makes itself. Profiles
// keep the mangled ones, which whoever reads them demangles better.
#ifndef CPROF_SYMBOL_DEMANGLE_H
#define CPROF_SYMBOL_DEMANGLE_H

#include <stddef.h>

enum { CP_DEMANGLED_BYTES = 1024 };

/**
 * Without parameters and template arguments, as pprof shows it: _ZNKSt6vectorIiSaIiEE4sizeEv is std::vector::size.
 * The name's length; 0: mangled in no way that is known here, or too long: it is shown as it stands.
 */
size_t cp_demangle(const char *mangled, size_t len, char out[CP_DEMANGLED_BYTES]);

#endif
