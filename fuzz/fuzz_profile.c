// SPDX-License-Identifier: MIT
// Profiles come from anywhere: any bytes, as profile.proto, gzip or one of the old formats. What parses must
// be written, read again as the same, merged and filtered.
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "tool/profile/encode.h"
#include "tool/profile/filter.h"
#include "tool/profile/merge.h"
#include "tool/profile/parse.h"
#include "tool/profile/prune.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes and reads again; the first time, labels that say nothing may go. */
static struct profile *rewrite(struct arena *a, const struct profile *p, struct buf *bytes)
{
	struct profile *q = NULL;
	profile_encode(p, bytes);
	if (profile_parse(a, bytes->ptr, bytes->len, &q))
		__builtin_trap();
	return q;
}

static void check_round_trip(struct arena *a, const struct profile *p)
{
	struct buf bytes[3] = {0};
	struct profile *once = rewrite(a, p, &bytes[0]), *twice = rewrite(a, once, &bytes[1]);
	profile_encode(twice, &bytes[2]);
	if (bytes[1].len != bytes[2].len || memcmp(bytes[1].ptr, bytes[2].ptr, bytes[1].len))
		__builtin_trap();
	profile_destroy(once);
	profile_destroy(twice);
	for (unsigned i = 0; i < 3; i++)
		buf_deinit(&bytes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct regex *name;
	struct arena a = {0};
	struct profile *p = NULL;
	if (!name)
		name = regex_must_compile("[a-m]");
	if (!profile_parse(&a, data, size, &p)) {
		check_round_trip(&a, p);
		struct profile *merged = profile_view(p);
		if (!profile_merge(&a, &merged, 1, &merged)) {
			check_round_trip(&a, merged);
			profile_destroy(merged);
		}
		struct profile *view = profile_view(p);
		struct buf text = {0};
		bool roots, leaves;
		const struct str keys[] = {STR("bytes"), STR("k")};
		profile_add_label_frames(view, keys, 2, keys, 1, STR("kb"), &roots, &leaves);
		profile_filter_names(view, &(struct name_filter){.hide = name});
		profile_show_from(view, name, NULL, false);
		profile_prune_from(view, name);
		profile_dump(view, &text);
		buf_deinit(&text);
		profile_destroy(view);
		profile_destroy(p);
	}
	arena_deinit(&a);
	return 0;
}
