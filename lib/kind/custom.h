// SPDX-License-Identifier: MIT
// Context: CTL. Profiles the program itself fills: see cprof_new_profile().
#ifndef CPROF_KIND_CUSTOM_H
#define CPROF_KIND_CUSTOM_H

#include <cprof/pprof.h>

/** As the public functions; `caller` is their return address. */
int cp_custom_new(const char *name, const char *weight_type, const char *weight_unit,
		struct cprof_profile **profile_out);
int cp_custom_add(struct cprof_profile *p, const void *key, int64_t weight, int skip, const void *caller);
int cp_custom_remove(struct cprof_profile *p, const void *key);

/** The first by name, and the one after p; NULL: there is none. They are never freed. */
const struct cprof_profile *cp_custom_next(const struct cprof_profile *p);

#endif
