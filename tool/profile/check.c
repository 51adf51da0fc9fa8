// SPDX-License-Identifier: MIT
// Whether a profile holds together: what pprof's CheckValid checks, in its order and words.
#include <inttypes.h>

#include "base/err.h"
#include "base/idmap.h"
#include "tool/profile/profile.h"

static struct err *check_samples(const struct profile *p, struct arena *a)
{
	if (!p->nsample_types && p->nsamples)
		return err_new(a, "missing sample type information");
	return NULL; // the right number of values, and locations that exist, are in the columns' nature
}

/* Takes id into `seen`; an error where it is 0 or there already. */
static struct err *check_id(struct arena *a, struct idmap *seen, uint64_t id, const char *one,
		const char *many, const char *zero)
{
	if (!id)
		return err_new(a, "found %s with reserved %s", one, zero);
	if (idmap_get(seen, id) != IDMAP_NONE)
		return err_new(a, "multiple %s with same id: %" PRIu64, many, id);
	idmap_set(seen, id, 0);
	return NULL;
}

static struct err *check_locations(const struct profile *p, struct arena *a)
{
	struct idmap seen;
	struct err *err = NULL;
	idmap_init(&seen, p->nlocations);
	for (uint32_t i = 0; i < p->nlocations && !err; i++) {
		const struct location *l = &p->locations[i];
		err = check_id(a, &seen, l->id, "location", "locations", "id=0");
		for (uint32_t j = 0; j < l->nlines && !err; j++) {
			if (p->lines[l->line_begin + j].function == NO_INDEX)
				err = err_new(a, "location id: %" PRIu64 " has a line with nil function", l->id);
		}
	}
	idmap_deinit(&seen);
	return err;
}

struct err *profile_check(const struct profile *p, struct arena *a)
{
	struct err *err = check_samples(p, a);
	struct idmap seen;
	idmap_init(&seen, p->nmappings);
	for (uint32_t i = 0; i < p->nmappings && !err; i++)
		err = check_id(a, &seen, p->mappings[i].id, "mapping", "mappings", "ID=0");
	idmap_deinit(&seen);
	idmap_init(&seen, p->nfunctions);
	for (uint32_t i = 0; i < p->nfunctions && !err; i++)
		err = check_id(a, &seen, p->functions[i].id, "function", "functions", "ID=0");
	idmap_deinit(&seen);
	return err ? err : check_locations(p, a);
}
