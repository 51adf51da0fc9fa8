// SPDX-License-Identifier: MIT
// Loads plugin_a.so and plugin_b.so, which lie beside the program.
#ifndef TESTS_PLUGIN_H
#define TESTS_PLUGIN_H

#include "workload.h"

#include <dlfcn.h>

typedef void plugin_fn(struct work *w, double ms, void (*spin)(struct work *, double));

struct plugin {
	void *handle;
	plugin_fn *work;
};

static inline struct plugin plugin_open(const char *program, const char *name)
{
	char path[4096];
	const char *slash = strrchr(program, '/');
	int folder = slash ? (int)(slash - program) : 0;

	snprintf(path, sizeof(path), "%.*s/%s.so", slash ? folder : 1, slash ? program : ".", name);
	struct plugin p = {.handle = dlopen(path, RTLD_NOW)};
	MUST(p.handle);
	*(void **)&p.work = dlsym(p.handle, name);
	MUST(p.work);
	return p;
}

#endif
