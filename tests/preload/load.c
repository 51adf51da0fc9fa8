// SPDX-License-Identifier: MIT
// Killed while it is inside the loader: load HOW PLUGIN, where HOW is
//
//   locked       with the loader's lock in its hands
//   abort        the same by abort(), from which no handler returns
//   storm        while threads open and close PLUGIN for ever
//   constructor  while PLUGIN's constructor does not return
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NTHREADS = 3, NTURNS = 200, BLOCK_BYTES = 1 << 20 };

static const char *plugin;

static int end_inside(struct dl_phdr_info *info, size_t size, void *arg)
{
	if (arg)
		abort();
	raise(SIGTERM);
	return 1;
}

static void *open_and_close(void *arg)
{
	for (int i = 0; !arg || i < NTURNS; i++) {
		void *handle = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
		if (!handle) {
			fprintf(stderr, "%s\n", dlerror());
			exit(1);
		}
		dlclose(handle);
	}
	return NULL;
}

static void *end_soon(void *arg)
{
	sleep(1);
	kill(getpid(), SIGTERM);
	return NULL;
}

/** What the heap profile must name. */
__attribute__((noinline)) static void *keep(void)
{
	char *block = malloc(BLOCK_BYTES);
	memset(block, 1, BLOCK_BYTES);
	return block;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	plugin = argv[2];
	static void *volatile kept;
	kept = keep();
	(void)kept;
	pthread_t thread;
	if (!strcmp(argv[1], "locked")) {
		dl_iterate_phdr(end_inside, NULL);
	} else if (!strcmp(argv[1], "abort")) {
		dl_iterate_phdr(end_inside, &thread);
	} else if (!strcmp(argv[1], "constructor")) {
		pthread_create(&thread, NULL, end_soon, NULL);
		dlopen(plugin, RTLD_NOW);
	} else {
		for (int i = 0; i < NTHREADS; i++)
			pthread_create(&thread, NULL, open_and_close, NULL);
		open_and_close(&thread);
		raise(SIGTERM);
		open_and_close(NULL);
	}
	for (;;)
		pause();
}
