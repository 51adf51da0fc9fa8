// SPDX-License-Identifier: MIT
// See late.h.
#include "late.h"

#include <dlfcn.h>
#include <string.h>

const char *late_load(const char *library, const struct late_function *functions, size_t n)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return dlerror();
	for (size_t i = 0; i < n; i++) {
		void *function = dlsym(handle, functions[i].name);
		if (!function)
			return dlerror();
		memcpy(functions[i].pointer, &function, sizeof(function));
	}
	return NULL;
}
