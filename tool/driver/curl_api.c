// SPDX-License-Identifier: MIT
// Loading libcurl (see curl_api.h).
#include "curl_api.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

// The ABI libcurl has had since 2006.
static const char library[] = "libcurl.so.4";

static struct curl_api api;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct entry {
	const char *name;
	size_t offset;
} entries[] = {
		{"curl_global_init", offsetof(struct curl_api, global_init)},
		{"curl_easy_init", offsetof(struct curl_api, init)},
		{"curl_easy_setopt", offsetof(struct curl_api, setopt)},
		{"curl_easy_perform", offsetof(struct curl_api, perform)},
		{"curl_easy_getinfo", offsetof(struct curl_api, getinfo)},
		{"curl_easy_strerror", offsetof(struct curl_api, strerror)},
		{"curl_easy_cleanup", offsetof(struct curl_api, cleanup)},
		{"curl_slist_append", offsetof(struct curl_api, slist_append)},
		{"curl_slist_free_all", offsetof(struct curl_api, slist_free_all)},
};

static void load(void)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		api.failure = dlerror();
		return;
	}
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		void *function = dlsym(handle, entries[i].name);
		if (!function) {
			api.failure = dlerror();
			return;
		}
		*(void **)((char *)&api + entries[i].offset) = function;
	}
	api.global_init(CURL_GLOBAL_DEFAULT);
}

const struct curl_api *curl_api(void)
{
	pthread_once(&once, load);
	return &api;
}
