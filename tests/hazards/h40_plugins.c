// SPDX-License-Identifier: MIT
// Hazard 40: h40_plugins LIBRARY...: a program in C that loads libraries in C++, with a libstdc++ of their own or none,
// and unloads them again, and again. Each frees what it allocates with new, and catches what its own throws.
#include <dlfcn.h>
#include <stdio.h>

enum { ROUNDS = 3, NBLOCKS = 100, BYTES = 1000 }; // h40_plugin.cc

int main(int argc, char **argv)
{
	int ncalls = 0;
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 1; i < argc; i++) {
			void *library = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL);
			int (*run)(void) = library ? (int (*)(void))dlsym(library, "run") : NULL;
			if (!run || run() != NBLOCKS)
				return 1;
			ncalls++;
			dlclose(library);
		}
	}
	int n = ncalls * NBLOCKS;
	printf("allocate %d %d %d %d\n", n, n * BYTES, n / 2, n / 2 * BYTES);
	return 0;
}
