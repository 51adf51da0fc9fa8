// SPDX-License-Identifier: MIT
// Go's regular expression syntax to PCRE2's. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_REGEX_SYNTAX_H
#define CPROF_TOOL_PROFILE_REGEX_SYNTAX_H

#include "base/buf.h"
#include "base/err.h"

/** Appends to `out` a PCRE2 pattern that matches what Go's would, or says what Go would. */
struct err *regex_translate(struct arena *a, struct str pattern, struct buf *out);

#endif
