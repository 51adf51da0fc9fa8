// SPDX-License-Identifier: MIT
// Context: EARLY. See next.h.
#include "next.h"

#include <stddef.h>

#include "lookup.h"

/** A sanitizer that stands in the program itself, as clang links it, has functions of the same names there. A static
 *  libcprof takes their place; but each has a second name. NULL: there is none. */
static void *find_sanitizers(const char *name)
{
	char second[64] = "__interceptor_";
	for (size_t n = sizeof("__interceptor_") - 1; *name && n < sizeof(second) - 1; n++)
		second[n] = *name++;
	return cp_lookup_own(second);
}

void *cp_next_named(const char *name)
{
	void *function = find_sanitizers(name);
	return function ? function : cp_lookup_next(name);
}
