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
struct cp_profile_out;

/** -ENOMEM. */
int cp_delta_begin(struct cp_delta **delta_out);

struct cprof_writer cp_delta_base(struct cp_delta *d);
struct cprof_writer cp_delta_later(struct cp_delta *d);

/** Writes the differences that are not 0 (they may be negative) and frees d. */
int cp_delta_end(struct cp_delta *d, struct cprof_writer writer);

/** Frees d. */
void cp_delta_drop(struct cp_delta *d);

/// For profile_out.c

/** NULL: the writer is none of ours. */
struct cp_delta *cp_delta_of(const struct cprof_writer *writer);

/** Where both profiles go, so that equal stacks have equal locations; *out is made by the caller the first
 *  time. time_ns: of the profile that begins. Returns true if it is the later one, which writes the head. */
bool cp_delta_begin_profile(struct cp_delta *d, int64_t time_ns, struct cp_profile_out ***out);

/** A sample. false: no memory. */
bool cp_delta_add(struct cp_delta *d, const uint64_t *locations, uint32_t nlocations, const int64_t *values,
		uint32_t nvalues, const struct profwrite_label *labels, uint32_t nlabels);

#endif
