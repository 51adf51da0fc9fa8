// SPDX-License-Identifier: MIT
// profile.proto to struct profile, in two steps: scan (scan.c) walks the message once, decodes all but
// the samples and notes where these lie; then decode_samples.c decodes samples, on all cores, straight
// into the columns. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_DECODE_H
#define CPROF_TOOL_PROFILE_DECODE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/idmap.h"
#include "format/pb.h"
#include "tool/profile/profile.h"

enum decode_status {
	DECODE_OK,
	DECODE_MALFORMED, // not profile.proto; some other format may be meant
	DECODE_EMPTY,
	DECODE_CONCATENATED,
	DECODE_INVALID, // the samples contradict the tables: see err
	DECODE_TOO_LARGE,
};

// A run of whole top-level fields, samples among them.
struct chunk {
	const uint8_t *begin, *end;
	uint32_t first_sample;
	size_t loc_begin; // its first place in the column
};

struct decoder {
	struct profile *p;
	bool consume;     // give pages back behind the reader
	bool with_stacks; // else those of samples are checked and left empty

	strid *strings; // the file's string table
	uint32_t nstrings, strings_cap;

	struct chunk *chunks;
	uint32_t nchunks, chunks_cap;
	uint32_t nsamples;
	size_t nlocs; // of all samples; without stacks, of the deepest

	struct idmap location_of_id;
};

/** Decodes the message. The profile is complete but for profile_check where DECODE_OK. */
enum decode_status decode_profile(struct arena *a, const uint8_t *data, size_t len, bool consume,
		bool with_stacks, struct profile *p, struct err **err_out);

/** How many locations a sample names, as far as it is whole. */
size_t decode_count_locations(struct pb_reader sample);

/** Second step. */
enum decode_status decode_samples(struct decoder *d, struct arena *a, struct err **err_out);

#endif
