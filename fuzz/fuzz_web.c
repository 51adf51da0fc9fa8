// SPDX-License-Identifier: MIT
// Requests to the web pages, all but their sockets: method, path, query, Host, Origin, one a line, and the
// address of -http. A small profile answers; programs are not to be found, settings have no place.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tool/web/address.h"
#include "tool/web/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct profile *make_profile(void)
{
	struct profile *p = profile_create();
	struct value_type types[] = {
			{profile_intern(p, STR("samples")), profile_intern(p, STR("count"))},
			{profile_intern(p, STR("cpu")), profile_intern(p, STR("nanoseconds"))}};
	static const char *const names[] = {"main", "a</script>", "std::b<int>"};
	profile_set_sample_types(p, types, 2);
	for (uint32_t i = 0; i < 3; i++) {
		strid name = profile_intern(p, str_from(names[i]));
		uint32_t f = profile_add_function(p, (struct function){i + 1, name, name, name, 1});
		struct line line = {.function = f, .line = i};
		profile_add_location(p, (struct location){.id = i + 1, .mapping = NO_INDEX}, &line, 1);
	}
	for (uint32_t i = 0; i < 3; i++)
		profile_add_sample(p, (const uint32_t[]){i, 1, 0}, 3, (const int64_t[]){1, 10 - 8 * i}, 0);
	return p;
}

static void check(const struct web_request *r, const struct web_response *out)
{
	bool is_known = out->status == 200 || out->status == 301 || out->status == 307 ||
			(out->status >= 400 && out->status < 406) || out->status == 501;
	if (!is_known || !out->type || !out->body.len)
		abort();
	if (out->location && (strchr(out->location, '\n') || strncmp(out->location, "//", 2) == 0))
		abort();
	// The profile's own name must not end a script, whatever was asked.
	if (memmem(out->body.ptr, out->body.len, "a</script>", 10) && *out->nonce)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct env env;
	static struct session s;
	static struct arena forever;
	struct arena a = {0};
	struct str rest = {(const char *)data, size}, line[5];
	if (!s.profile) {
		setenv("PATH", "", 1);
		env = env_of_process();
		s = (struct session){&env, object_tools_new(&forever, ""), make_profile()};
	}
	if (!size || memchr(data, '\0', size))
		return 0;
	for (int i = 0; i < 5; i++)
		line[i] = str_cut(&rest, '\n');
	struct web_address address;
	web_address_parse(&a, arena_strndup(&a, line[3].ptr, line[3].len), &address);
	struct web w = {.session = &s, .config = &config_defaults, .is_local = *data & 1};
	struct web_request r = {
			.method = line[0].len % 4,
			.path = arena_printf(&a, "/%.*s", STR_FMT(line[1])),
			.query = line[2],
			.client = *data & 2 ? "127.0.0.1" : "::ffff:127.0.0.1",
			.host = arena_strndup(&a, line[3].ptr, line[3].len),
			.origin = line[4].len ? arena_strndup(&a, line[4].ptr, line[4].len) : NULL,
	};
	struct web_response out;
	web_answer(&a, &w, &r, &out);
	check(&r, &out);
	if (out.graph.len) {
		web_put_graph(&a, &w, &r, line[4], line[4].len % 2 ? err_new(&a, "as asked") : NULL, &out);
		check(&r, &out);
	}
	buf_deinit(&out.body);
	buf_deinit(&out.graph);
	arena_deinit(&a);
	return 0;
}
