// SPDX-License-Identifier: MIT
// What load.c opens. With PLUGIN_HANGS its constructor never returns, and so dlopen does not.
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void construct(void)
{
	while (getenv("PLUGIN_HANGS"))
		pause();
}
