// SPDX-License-Identifier: MIT
// What GCC's crtbegin.o ends in: a local function without a size. Behind it lies the program's first object, some of
// whose functions have no symbols where GHC made it, so they must not get its name. For who finds names by symbols.
#ifndef CPROF_FORMAT_CRTBEGIN_H
#define CPROF_FORMAT_CRTBEGIN_H

#define CRTBEGIN_LAST_NAME "frame_dummy"

enum { CRTBEGIN_LAST_BYTES = 16 }; // `endbr64`, `jmp register_tm_clones`

#endif
