// SPDX-License-Identifier: MIT
// A redis module that leaks 1 MiB a second, for test_redis.py. Debian ships no redismodule.h: what is declared here is
// the module interface's own entry (the context begins with the function that finds all others).
#include <stdlib.h>

enum { OK = 0, API_VERSION = 1, PERIOD_MS = 25, SESSION_BYTES = 3277, SESSIONS = 8 };

typedef int (*get_api_fn)(const char *name, void *function_out);
typedef void (*timer_fn)(void *ctx, void *data);

static void *(*allocate)(size_t size);
static unsigned long long (*create_timer)(void *ctx, long long period_ms, timer_fn fn, void *data);

__attribute__((noinline)) static void open_session(void)
{
	char *volatile session = allocate(SESSION_BYTES);
	session[0] = 1;
}

static void serve(void *ctx, void *data)
{
	for (int i = 0; i < SESSIONS; i++)
		open_session();
	create_timer(ctx, PERIOD_MS, serve, data);
}

int RedisModule_OnLoad(void *ctx, void **argv, int argc);

__attribute__((visibility("default"))) int RedisModule_OnLoad(void *ctx, void **argv, int argc)
{
	get_api_fn get_api = *(get_api_fn *)ctx;
	void (*set_attributes)(void *ctx, const char *name, int version, int api_version);
	(void)argv;
	(void)argc;
	if (get_api("RedisModule_SetModuleAttribs", (void *)&set_attributes) != OK ||
		get_api("RedisModule_Alloc", (void *)&allocate) != OK ||
		get_api("RedisModule_CreateTimer", (void *)&create_timer) != OK)
		return 1;
	set_attributes(ctx, "sessions", 1, API_VERSION);
	create_timer(ctx, PERIOD_MS, serve, NULL);
	return OK;
}
