// SPDX-License-Identifier: MIT
// Libraries that most commands do not need, loaded when one does: mapping and relocating a library takes a
// tenth of the time of a small report, and a quarter of a megabyte.
#ifndef CPROF_BASE_LATE_H
#define CPROF_BASE_LATE_H

#include <stddef.h>

struct late_function {
	const char *name;
	void *pointer; // to the function pointer that is set
};

/** Loads the library, never to go again, and sets the pointers. NULL, or in the loader's words why not. */
const char *late_load(const char *library, const struct late_function *functions, size_t n);

#endif
