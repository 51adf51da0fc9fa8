// SPDX-License-Identifier: MIT
// The profile in memory: every report, filter and merge works on this. Columnar, so that a million
// samples cost a few arrays and no objects: indexes instead of pointers, one string table.
//
// An index is a position in an array here (locations[i]), never the id of the file it came from; the
// file's ids are kept beside for -raw and -proto. Everything lives in `arena` or in the big columns,
// which are malloc'ed because they are large and grow.
#ifndef CPROF_TOOL_PROFILE_H
#define CPROF_TOOL_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

// Index into strings; 0 is "".
typedef uint32_t strid;

enum { NO_INDEX = UINT32_MAX };

struct value_type {
	strid type; // "cpu"
	strid unit; // "nanoseconds"
};

struct mapping {
	uint64_t id;
	uint64_t start, limit, offset;
	strid file, build_id;
	bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
	// Of a kernel mapping: the symbol its offset is relative to (pprof's KernelRelocationSymbol).
	strid kernel_relocation_symbol;
};

struct function {
	uint64_t id;
	strid name, system_name, filename;
	int64_t start_line;
};

struct line {
	uint32_t function; // index, or NO_INDEX
	int64_t line, column;
};

struct location {
	uint64_t id;
	uint64_t address;
	uint32_t mapping;    // index, or NO_INDEX
	uint32_t line_begin; // lines[line_begin .. line_begin + nlines), innermost inlined first
	uint32_t nlines;
	bool is_folded;
};

struct label {
	strid key;
	strid str;  // of a string label; else 0
	int64_t num; // of a numeric label
	strid unit;
	bool is_num;
};

struct profile {
	struct arena arena;

	struct str *strings;
	uint32_t nstrings, strings_cap;
	uint32_t *string_index; // open-addressing hash over strings; see strtab.c
	uint32_t string_index_cap;

	struct value_type *sample_types;
	uint32_t nsample_types;
	strid default_sample_type;

	// Samples, a column each. Stack of sample i, leaf first: locs[loc_begin[i] .. loc_begin[i+1]).
	uint32_t nsamples, samples_cap;
	int64_t *values;     // [nsamples * nsample_types]
	uint32_t *loc_begin; // [nsamples + 1]
	uint32_t *locs;      // indexes into locations
	size_t locs_cap;
	uint32_t *label_begin; // [nsamples + 1], or NULL where no sample has a label
	struct label *labels;
	size_t labels_cap;

	struct mapping *mappings;
	uint32_t nmappings, mappings_cap;
	struct location *locations;
	uint32_t nlocations, locations_cap;
	struct line *lines;
	uint32_t nlines, lines_cap;
	struct function *functions;
	uint32_t nfunctions, functions_cap;

	strid drop_frames, keep_frames;
	int64_t time_nanos, duration_nanos;
	struct value_type period_type;
	bool has_period_type;
	int64_t period;
	strid *comments;
	uint32_t ncomments, comments_cap;
	strid doc_url;
};

/** An empty profile; string 0 is "". Destroy frees all it owns. */
struct profile *profile_create(void);
void profile_destroy(struct profile *p);

/** The index of s, added (bytes copied) where it is new. */
strid profile_intern(struct profile *p, struct str s);

static inline struct str profile_str(const struct profile *p, strid id)
{
	return p->strings[id];
}

#endif
