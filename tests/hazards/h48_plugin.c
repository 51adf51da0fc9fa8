// SPDX-License-Identifier: MIT
// A library that comes and goes, and allocates.
#include <stdlib.h>

void *h48_plugin_allocates(size_t size);

__attribute__((noinline)) void *h48_plugin_allocates(size_t size)
{
	return malloc(size);
}
