// SPDX-License-Identifier: MIT
// Context: CTL. Loads the listener's library, once a process, and lends it what it needs of us. The library
// lies beside the one this code is in; a static libcprof finds it where the loader looks.
#include "service.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "handler.h"
#include "interpose/leave.h"
#include "kind/cpu.h"
#include "kind/heap_hook.h"
#include "kind/own_thread.h"
#include "kind/target.h"
#include "listener.h"
#include "sigsafe/atomic.h"
#include "sigsafe/pagealloc.h"
#include "write/vformat.h"

static _Atomic int serving_pid, port;

static int start_thread(const char *name, void (*run)(void *), void *arg)
{
	struct cp_own_thread *t = cp_pages_alloc(sizeof(*t)); // it is not joined, and is as long as the process
	if (!t)
		return -ENOMEM;
	*t = (struct cp_own_thread){.name = name, .run = run, .arg = arg};
	int ret = cp_own_thread_start(t);
	if (ret < 0)
		cp_pages_free(t, sizeof(*t));
	return ret;
}

static int expand_path(const char *given, char *path_out, size_t size)
{
	return *given ? cp_target_expand_name(given, path_out, size) : -EINVAL;
}

static bool leave_files(void)
{
	cp_cpu_do_without_perf();
	return cp_own_thread_leave_files();
}

static const struct cp_http_host host = {
		.size = sizeof(host),
		.handle = cp_http_handle,
		.start_thread = start_thread,
		.leave_files = leave_files,
		.at_end = cp_end_call,
		.expand_path = expand_path,
};

/** The program has functions by libevent's names, for something else, as nmap's nsock, or for a libevent inside it, as
 *  old or new as that may be: libevent would call those. */
static bool is_libevent_shadowed(void)
{
	static const char *const names[] = {"event_new", "event_free", "event_add", "event_del", "event_assign",
			"event_active", "event_set", "event_init", "event_loop", "event_dispatch", "event_base_new",
			"event_base_loop", "evbuffer_new", "evbuffer_add", "bufferevent_new", "bufferevent_socket_new",
			"evutil_socketpair", "evhttp_new"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		Dl_info where;
		void *at = dlsym(RTLD_DEFAULT, names[i]);
		if (at && dladdr(at, &where) && !strstr(where.dli_fname, "/libevent"))
			return true;
	}
	return false;
}

static void *open_library(const char *path, bool is_shadowed)
{
	return dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | (is_shadowed ? RTLD_DEEPBIND : 0));
}

static void *load_library(void)
{
	bool is_shadowed = is_libevent_shadowed();
	// With its own names first it has libc's free() for what strdup() took from the program's malloc.
	if (is_shadowed && (cp_heap.is_shadowed || cp_heap.sanitizer))
		return NULL;
	char path[PATH_MAX];
	Dl_info self;
	const char *slash = dladdr(&host, &self) && self.dli_fname ? strrchr(self.dli_fname, '/') : NULL;
	if (slash) {
		size_t len = cp_format(path, sizeof(path), "%s", self.dli_fname);
		size_t folder = (size_t)(slash - self.dli_fname) + 1;
		if (folder <= len)
			cp_format(path + folder, sizeof(path) - folder, "%s", CP_HTTP_LIBRARY);
		void *library = open_library(path, is_shadowed);
		if (library)
			return library;
	}
	return open_library(CP_HTTP_LIBRARY, is_shadowed);
}

static bool is_control_allowed(void)
{
	const char *allowed = secure_getenv("CPROF_HTTP_CONTROL");
	return allowed && strcmp(allowed, "1") == 0;
}

static int serve(const char *address, const struct cprof_http_options *given)
{
	struct cprof_http_options options = given ? *given : (struct cprof_http_options){0};
	void *library = load_library();
	cp_http_listener_start *start = library ? (cp_http_listener_start *)dlsym(library, CP_HTTP_ENTRY) : NULL;
	int bound_port = 0;
	if (!start)
		return -ENOENT;
	options.allow_control |= is_control_allowed();
	int ret = start(&host, address, &options, &bound_port);
	store(&port, bound_port, relaxed);
	return ret;
}

int cp_http_serve(const char *address, const struct cprof_http_options *options)
{
	int pid = (int)getpid();
	int before = load(&serving_pid, relaxed);
	if (before == pid || !compare_exchange(&serving_pid, &before, pid, relaxed))
		return -EALREADY;
	int ret = serve(address, options);
	if (ret < 0)
		store(&serving_pid, 0, relaxed);
	return ret;
}

int cp_http_port(void)
{
	return load(&serving_pid, relaxed) == (int)getpid() ? load(&port, relaxed) : 0;
}
