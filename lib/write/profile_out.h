// SPDX-License-Identifier: MIT
// Context: CTL. From a kind's stacks to gzip'd profile.proto in somebody's hands.
//
// A profile is written in one or more pieces. Each piece is a gzip member, and the members' contents
// joined are one protobuf message: strings, functions and locations that earlier pieces wrote are only
// referred to. So a file that gets a piece each second is a whole profile at any moment, even if the
// process is killed before the next. No malloc: memory comes from pages.
//
//   begin  sample* comment*  flush  sample* comment* flush ... end
#ifndef CPROF_WRITE_PROFILE_OUT_H
#define CPROF_WRITE_PROFILE_OUT_H

#include <cprof/pprof.h>

#include "sigsafe/types.h"

struct cp_value_type {
	const char *type; // "cpu"
	const char *unit; // "nanoseconds"
};

enum { CP_MAX_SAMPLE_TYPES = 8, CP_MAX_LABELS = 64 };

/** The head of a profile. Strings must live until cp_profile_out_end(). */
struct cp_profile_spec {
	struct cp_value_type sample_types[CP_MAX_SAMPLE_TYPES];
	uint32_t nsample_types;
	struct cp_value_type period_type;
	int64_t period;
	int64_t time_ns; // CLOCK_REALTIME at the start
	const char *default_sample_type; // NULL: none
	const char *drop_frames;         // pprof's drop_frames regexp; NULL: none
};

/** A label of a sample: a string, or (str == NULL) a number with a unit (NULL: none). The first one's number may be
 *  another each time the profile is written, as a mean is: then `group` is what stays, for delta.h; 0: num does. */
struct cp_label {
	const char *key;
	const char *str;
	int64_t num;
	const char *unit;
	uint32_t group;
};

struct cp_profile_out; // opaque

/** -ENOMEM. Nothing is handed to the writer yet. */
int cp_profile_out_begin(struct cp_profile_out **out, const struct cp_profile_spec *spec,
		struct cprof_writer writer);

/** A profile that goes there has a comment more, whatever kind writes it. r must live until it is through. */
struct cp_remarked {
	struct cprof_writer writer;
	const char *remark;
};
struct cprof_writer cp_remarked_writer(struct cp_remarked *r);

/**
 * One sample: pcs as cp_unwind() leaves them (leaf exact, callers return addresses, a marker at the root
 * end where the stack is cut), valid at module epoch `epoch`. Equal stacks are not merged here.
 * -EINVAL: more than CP_MAX_PCS or CP_MAX_LABELS; then nothing is written, and others may follow.
 */
int cp_profile_out_sample(struct cp_profile_out *o, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch,
		const int64_t *values, const struct cp_label *labels, uint32_t nlabels);

/** A comment of the profile, printf'ed (%s %d %u %ld %lu %lld %llu %%, no floating point). */
int cp_profile_out_comment(struct cp_profile_out *o, const char *fmt, ...)
		__attribute__((format(printf, 2, 3)));

/** Ends a piece: encodes what came since the last, names included, and hands it to the writer by one
 *  call. An empty piece takes some 40 bytes: better not to flush where there was no sample. After an
 *  error nothing more is written, since later pieces would refer to what this one lost. */
int cp_profile_out_flush(struct cp_profile_out *o, int64_t duration_ns);

/** The last piece, then frees o. The first error there was, of memory or of the writer. */
int cp_profile_out_end(struct cp_profile_out *o, int64_t duration_ns);

/** Frees o without another piece. */
void cp_profile_out_abandon(struct cp_profile_out *o);

/// For delta.c
struct cp_locations;
struct profwrite_label;

/** A sample that came through a delta. */
int cp_profile_out_sum(struct cp_profile_out *o, const uint64_t *locations, uint32_t nlocations,
		const int64_t *values, const struct profwrite_label *labels, uint32_t nlabels);
struct cp_locations *cp_profile_out_locations(struct cp_profile_out *o);
/** From now on o is written as any other. */
void cp_profile_out_release(struct cp_profile_out *o, struct cprof_writer writer);

#endif
