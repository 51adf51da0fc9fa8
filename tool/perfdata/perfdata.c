// SPDX-License-Identifier: MIT
// See perfdata.h.
#include "tool/perfdata/perfdata.h"

#include "tool/perfdata/conversion.h"
#include "tool/profile/profile.h"

struct err *perfdata_parse(struct arena *a, const void *data, size_t len, struct profile **profile_out)
{
	struct arena own = {0};
	struct conversion *c = arena_new(&own, struct conversion);
	struct err *e = perf_file_parse(&own, data, len, &c->file);
	if (e) {
		e = err_new(a, "%s", e->message);
	} else {
		conversion_begin(c, &own);
		for (uint32_t i = 0; i < c->file.nrecords; i++)
			conversion_add(c, &c->file.records[i]);
		*profile_out = conversion_end(c);
		if (c->is_too_large) {
			e = err_new(a, "perf.data of %zu bytes has samples of %u events, whose values take more than "
					"%lu MiB: record fewer at once", len, c->columns.n,
					columns_max_bytes(&c->columns) >> 20);
			profile_destroy(*profile_out);
		}
	}
	conversion_deinit(c);
	perf_plain_free(&c->file.plain);
	arena_deinit(&own);
	return e;
}
