// SPDX-License-Identifier: MIT
// What load.c and single.c open. With PLUGIN_HANGS its constructor never returns, and so dlopen does not.
#include <stdlib.h>
#include <unistd.h>

__attribute__((constructor)) static void construct(void)
{
	while (getenv("PLUGIN_HANGS"))
		pause();
}

void *plugin_keep(void);

void *plugin_keep(void)
{
	void *volatile block = malloc(4096); // no tail call: it is to be in the stack
	return block;
}
