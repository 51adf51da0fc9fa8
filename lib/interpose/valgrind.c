// SPDX-License-Identifier: MIT
// Context: EARLY. See valgrind.h. By the library that it preloads, not by its header: that would make it a dependency.
#include "valgrind.h"

#include <stdlib.h>
#include <string.h>

bool cp_is_under_valgrind(void)
{
	const char *preload = secure_getenv("LD_PRELOAD");
	return preload && strstr(preload, "/vgpreload_");
}
