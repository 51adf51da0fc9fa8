// SPDX-License-Identifier: MIT
// See debuginfod.h. The library is loaded when it is needed: it brings libcurl and all that comes with it.
#include "tool/symbolizer/debuginfod.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/late.h"

enum { DEFAULT_TIMEOUT_S = 15 };

static const char library[] = "libdebuginfod.so.1";
static const char urls_variable[] = "DEBUGINFOD_URLS";

struct debuginfod_client;
typedef int progress_function(struct debuginfod_client *c, long done, long total);

// The ABI of elfutils 0.178 and later.
struct api {
	struct debuginfod_client *(*begin)(void);
	int (*find_debuginfo)(struct debuginfod_client *c, const unsigned char *build_id, int nbytes, char **path);
	void (*set_progressfn)(struct debuginfod_client *c, progress_function *fn);
	void (*end)(struct debuginfod_client *c);
};

// The download at hand: the library tells the progress function of no argument before 0.180.
static struct {
	time_t since_s; // when it moved last
	long done, timeout_s;
	bool is_stopped;
} download;

// One failure is enough: of a program's fifty libraries each would wait and complain.
static bool is_given_up;

char *debuginfod_hide(struct arena *a)
{
	const char *urls = getenv(urls_variable);
	char *copy = urls ? arena_strdup(a, urls) : NULL;
	unsetenv(urls_variable);
	return copy;
}

void debuginfod_show(const char *urls)
{
	if (urls)
		setenv(urls_variable, urls, 1);
}

static time_t now_s(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

// Called several times a second; ends the download by returning 1. While no answer came, total is 0.
static int on_progress(struct debuginfod_client *c, long done, long total)
{
	if (total > 0 && done != download.done) {
		download.done = done;
		download.since_s = now_s();
	}
	download.is_stopped = now_s() - download.since_s > download.timeout_s;
	return download.is_stopped;
}

static void start_download(void)
{
	const char *text = getenv("DEBUGINFOD_TIMEOUT");
	long timeout_s = text ? atol(text) : 0;
	download.timeout_s = timeout_s > 0 ? timeout_s : DEFAULT_TIMEOUT_S;
	download.done = 0;
	download.is_stopped = false;
	download.since_s = now_s();
}

static struct err *load(struct arena *a, struct api *api)
{
	const struct late_function functions[] = {
			{"debuginfod_begin", &api->begin},
			{"debuginfod_find_debuginfo", &api->find_debuginfo},
			{"debuginfod_set_progressfn", &api->set_progressfn},
			{"debuginfod_end", &api->end},
	};
	const char *failure = late_load(library, functions, sizeof(functions) / sizeof(functions[0]));
	return failure ? err_new(a, "%s", failure) : NULL;
}

static struct err *explain(struct arena *a, int error)
{
	if (download.is_stopped || error == ETIME || error == ETIMEDOUT)
		return err_new(a, "no answer in %ld s", download.timeout_s);
	return err_new(a, "%s", strerror(error));
}

struct err *debuginfod_fetch(struct arena *a, const uint8_t *build_id, size_t nbytes, int *fd_out)
{
	struct api api;
	*fd_out = -1;
	if (is_given_up || nbytes == 0)
		return NULL;
	struct err *e = load(a, &api);
	struct debuginfod_client *client = e ? NULL : api.begin();
	if (client) {
		start_download();
		api.set_progressfn(client, on_progress);
		int fd = api.find_debuginfo(client, build_id, (int)nbytes, NULL);
		if (fd >= 0)
			*fd_out = fd;
		else if (download.is_stopped || (fd != -ENOENT && fd != -ENOSYS))
			e = explain(a, -fd);
		api.end(client);
	}
	is_given_up = e != NULL;
	return err_wrap(a, e, "asking the servers of %s", urls_variable);
}
