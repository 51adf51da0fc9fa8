// SPDX-License-Identifier: MIT
// See libm.h.
#include "libm.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "late.h"

static struct libm loaded;

static void load(void)
{
	const struct late_function functions[] = {
			{"exp", &loaded.exp},
			{"frexp", &loaded.frexp},
			{"log", &loaded.log},
			{"pow", &loaded.pow},
			{"round", &loaded.round},
			{"sqrt", &loaded.sqrt},
	};
	const char *failure = late_load("libm.so.6", functions, sizeof(functions) / sizeof(functions[0]));
	if (failure) {
		fprintf(stderr, "cprof: %s\n", failure);
		exit(2);
	}
}

const struct libm *libm(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, load);
	return &loaded;
}
