// SPDX-License-Identifier: MIT
// Go's regular expressions (RE2 syntax, unanchored, leftmost-first) on PCRE2 with its JIT. Patterns come
// from users and URLs: matching is limited, and a pattern that runs into the limit just does not match.
#ifndef CPROF_TOOL_PROFILE_REGEX_H
#define CPROF_TOOL_PROFILE_REGEX_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct regex;

// A submatch, as offsets; begin is REGEX_UNSET where the group took no part.
struct regex_span {
	size_t begin, end;
};
#define REGEX_UNSET ((size_t)-1)

/** Errors read as Go's: "error parsing regexp: missing closing ): `(`". NULL-safe free. */
struct err *regex_compile(struct arena *a, struct str pattern, struct regex **regex_out);
void regex_free(struct regex *re);

/** For patterns of our own, which are right. */
struct regex *regex_must_compile(const char *pattern);

/** Whether it matches anywhere in s. Not for two threads at once on one regex. */
bool regex_match(const struct regex *re, struct str s);

/** The first match at or after `from`, with up to n spans (0 is the whole). */
bool regex_find(const struct regex *re, struct str s, size_t from, struct regex_span *spans, size_t n);

/** Go's regexp.QuoteMeta. */
struct str regex_quote(struct arena *a, struct str s);

#endif
