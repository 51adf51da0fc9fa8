// SPDX-License-Identifier: MIT
// Hazard 48: a library allocates, is unloaded, and is loaded again, with the loader working next door: nothing of
// ours was written into it, and its stacks keep their names.
#include <dlfcn.h>
#include <pthread.h>

#include "heap_truth.h"

enum { ROUNDS = 50, SIZE = 400 };

static struct truth truth;
static atomic_bool done;

static void *load_others(void *arg)
{
	while (!done)
		dlclose(dlopen("libm.so.6", RTLD_NOW));
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t other;
	MUST(argc > 1 && pthread_create(&other, NULL, load_others, NULL) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		void *library = dlopen(argv[1], RTLD_NOW);
		MUST(library);
		void *(*allocates)(size_t) = (void *(*)(size_t))dlsym(library, "h48_plugin_allocates");
		MUST(allocates);
		void *p = took(&truth, allocates(SIZE), SIZE);
		MUST(dlclose(library) == 0);
		if (i % 2) {
			free(p);
			gave(&truth, SIZE);
		}
	}
	done = true;
	pthread_join(other, NULL);
	say("h48_plugin_allocates", &truth);
	return 0;
}
