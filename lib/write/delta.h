// SPDX-License-Identifier: MIT
// Context: CTL. What some time adds to a profile (net/http/pprof's `seconds`): the profile is written twice,
// into two writers of ours, which sum the samples instead of encoding them, the first time negated. Works for
// every kind that writes by profile_out.h and knows nothing of it.
//
//   begin  kind->write(base)  (time goes by)  kind->write(later)  end
#ifndef CPROF_WRITE_DELTA_H
#define CPROF_WRITE_DELTA_H

#include <cprof/pprof.h>

#include "format/profwrite.h"

struct cp_delta; // opaque
struct cp_locations;
struct cp_profile_out;
struct cp_profile_spec;

/** -ENOMEM. */
int cp_delta_begin(struct cp_delta **delta_out);

struct cprof_writer cp_delta_base(struct cp_delta *d);
struct cprof_writer cp_delta_later(struct cp_delta *d);

/** Writes the differences that are not 0 (they may be negative) and frees d. */
int cp_delta_end(struct cp_delta *d, struct cprof_writer writer);

/** Frees d. */
void cp_delta_drop(struct cp_delta *d);

/// For those who show it themselves, and then drop it

/** The head of the later profile; NULL: it has no binary form. Its strings are the kind's. */
const struct cp_profile_spec *cp_delta_spec(const struct cp_delta *d);

/** What the samples' location ids mean. */
struct cp_locations *cp_delta_locations(struct cp_delta *d);

/** Calls fn for each sum that is not 0. */
typedef void cp_delta_fn(void *arg, const uint64_t *locations, uint32_t nlocations, const int64_t *values);
void cp_delta_each(const struct cp_delta *d, cp_delta_fn *fn, void *arg);

/// For profile_out.c

/** NULL: the writer is none of ours. */
struct cp_delta *cp_delta_of(const struct cprof_writer *writer);

/** Where both profiles go, so that equal stacks have equal locations; *out is made by the caller the first
 *  time. spec: of the profile that begins. Returns true if it is the later one, which writes the head. */
bool cp_delta_begin_profile(struct cp_delta *d, const struct cp_profile_spec *spec, struct cp_profile_out ***out);

struct cp_delta_sample {
	const uint64_t *locations;
	uint32_t nlocations;
	const int64_t *values;
	uint32_t nvalues;
	const struct profwrite_label *labels;
	uint32_t nlabels;
	const int64_t *first_num; // of the first label, whose num here is its group; NULL: it has none
};

/** false: no memory. */
bool cp_delta_add(struct cp_delta *d, const struct cp_delta_sample *sample);

#endif
