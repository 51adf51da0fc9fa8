// SPDX-License-Identifier: MIT
// libcurl, loaded when the first URL is met: with the twenty-five libraries it brings it would take most
// of the time of a command that only reads files.
#ifndef CPROF_TOOL_DRIVER_CURL_API_H
#define CPROF_TOOL_DRIVER_CURL_API_H

// Its macros would call the library by name.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo

struct curl_api {
	__typeof__(&curl_global_init) global_init;
	__typeof__(&curl_easy_init) init;
	__typeof__(&curl_easy_setopt) setopt;
	__typeof__(&curl_easy_perform) perform;
	__typeof__(&curl_easy_getinfo) getinfo;
	__typeof__(&curl_easy_strerror) strerror;
	__typeof__(&curl_easy_cleanup) cleanup;
	__typeof__(&curl_slist_append) slist_append;
	__typeof__(&curl_slist_free_all) slist_free_all;
	const char *failure; // NULL: it is there
};

/** Loads it at the first call. Never NULL; see `failure`. From any thread. */
const struct curl_api *curl_api(void);

#endif
