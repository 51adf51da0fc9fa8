// SPDX-License-Identifier: MIT
// Hazard 49: libcprof comes by dlopen, into what is left of the static TLS, while threads run. Its malloc is nobody's
// then; the profile says so. h49_dlopened LIBRARY OUT
#include <cprof/pprof.h>
#include <dlfcn.h>
#include <pthread.h>

#include "heap_truth.h"

static atomic_bool done;

static void *work(void *arg)
{
	while (!done)
		free(malloc(1000));
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t t;
	MUST(argc > 2 && pthread_create(&t, NULL, work, NULL) == 0);
	void *library = dlopen(argv[1], RTLD_NOW);
	if (!library)
		fprintf(stderr, "%s\n", dlerror());
	MUST(library);
	int (*set_rate)(int64_t) = (int (*)(int64_t))dlsym(library, "cprof_set_mem_profile_rate");
	int (*write_heap)(struct cprof_writer) =
			(int (*)(struct cprof_writer))dlsym(library, "cprof_write_heap_profile");
	MUST(set_rate && write_heap && set_rate(1) == 0);
	for (int i = 0; i < 10000; i++)
		free(malloc(100));
	done = true;
	pthread_join(t, NULL);
	MUST(write_heap((struct cprof_writer){.path = argv[2]}) == 0);
	return 0;
}
