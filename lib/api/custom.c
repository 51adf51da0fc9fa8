// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/pprof.h>: profiles the program fills.
#include "kind/custom.h"

#include <errno.h>

#include "interpose/visible.h"

CP_VISIBLE int cprof_new_profile(const char *name, struct cprof_profile **profile_out)
{
	return profile_out ? cp_custom_new(name, NULL, NULL, profile_out) : -EINVAL;
}

CP_VISIBLE int cprof_new_weighted_profile(
		const char *name, const char *weight, const char *unit, struct cprof_profile **profile_out)
{
	return profile_out && weight ? cp_custom_new(name, weight, unit, profile_out) : -EINVAL;
}

CP_VISIBLE int cprof_profile_add(struct cprof_profile *profile, const void *key, int skip)
{
	return cp_custom_add(profile, key, 0, skip, __builtin_return_address(0));
}

CP_VISIBLE int cprof_profile_add_weighted(
		struct cprof_profile *profile, const void *key, int64_t weight, int skip)
{
	return cp_custom_add(profile, key, weight, skip, __builtin_return_address(0));
}

CP_VISIBLE int cprof_profile_remove(struct cprof_profile *profile, const void *key)
{
	return cp_custom_remove(profile, key);
}
