// SPDX-License-Identifier: MIT
// Loading libcurl (see curl_api.h).
#include "curl_api.h"

#include <pthread.h>

#include "base/late.h"

// The ABI libcurl has had since 2006.
static const char library[] = "libcurl.so.4";

static struct curl_api api;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct late_function functions[] = {
		{"curl_global_init", &api.global_init},
		{"curl_easy_init", &api.init},
		{"curl_easy_setopt", &api.setopt},
		{"curl_easy_perform", &api.perform},
		{"curl_easy_getinfo", &api.getinfo},
		{"curl_easy_strerror", &api.strerror},
		{"curl_easy_cleanup", &api.cleanup},
		{"curl_slist_append", &api.slist_append},
		{"curl_slist_free_all", &api.slist_free_all},
};

static void load(void)
{
	api.failure = late_load(library, functions, sizeof(functions) / sizeof(functions[0]));
	if (!api.failure)
		api.global_init(CURL_GLOBAL_DEFAULT);
}

const struct curl_api *curl_api(void)
{
	pthread_once(&once, load);
	return &api;
}
