// SPDX-License-Identifier: MIT
// Servers that name addresses (/symbol, /symbolz) may answer anything, at any URL. The first line is the URL
// a profile came from, the last byte says how far its mapping had moved; the rest is the answer.
#include <stdint.h>

#include "tool/profile/profile.h"
#include "tool/symbolizer/remote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct profile *make_profile(void)
{
	struct profile *p = profile_create();
	uint32_t m = profile_add_mapping(p, (struct mapping){.id = 1, .start = 0x400000, .limit = 0x500000,
			.file = profile_intern(p, STR("prog"))});
	for (uint32_t i = 0; i < 4; i++)
		profile_add_location(p, (struct location){.id = i + 1, .mapping = m, .address = 0x400000 + 16 * i},
				NULL, 0);
	return p;
}

static struct err *answer(void *arg, struct arena *a, const char *url, struct str body, struct str *reply_out)
{
	if (!*url || !body.len)
		__builtin_trap();
	*reply_out = *(const struct str *)arg;
	return NULL;
}

static void warn(void *arg, const char *message)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str reply = {(const char *)data, size}, url = str_cut(&reply, '\n');
	struct arena a = {0};
	struct profile *p = make_profile();
	const struct mapping_source source = {STR("prog"), url, 0x400000 + (size ? 16ull * data[size - 1] : 0)};
	const struct symbolize_options options = {.sources = &source, .nsources = 1, .warn = warn, .post = answer,
			.arg = &reply};
	remote_symbolize(p, &a, true, &options);
	if (profile_check(p, &a))
		__builtin_trap();
	profile_destroy(p);
	arena_deinit(&a);
	return 0;
}
