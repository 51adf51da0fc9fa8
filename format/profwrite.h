// SPDX-License-Identifier: MIT
// Encodes the messages of profile.proto, one call a message, into caller's memory. Pure: what is a
// string's index or a location's id is the caller's business. Readers take the messages in any order.
//
//   profile.proto: https://github.com/google/pprof/blob/main/proto/profile.proto
#ifndef CPROF_FORMAT_PROFWRITE_H
#define CPROF_FORMAT_PROFWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Field numbers of the Profile message. */
enum profile_field {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING_TABLE = 6,
	PROFILE_DROP_FRAMES = 7,
	PROFILE_KEEP_FRAMES = 8,
	PROFILE_TIME_NANOS = 9,
	PROFILE_DURATION_NANOS = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_SAMPLE_TYPE = 14,
};

/** Where messages go: ptr[len..cap) is free. A zeroed one with `grow` set is empty and ready. */
struct profwrite_sink {
	uint8_t *ptr;
	size_t len, cap;
	// Makes room for at least `extra_bytes` more (ptr and cap change), or returns false.
	bool (*grow)(struct profwrite_sink *s, size_t extra_bytes);
	bool failed; // sticky: a message found no room and is missing, whole
};

/** Strings are indices into the string table. */
struct profwrite_label {
	uint64_t key;
	uint64_t str; // 0: a number
	int64_t num;
	uint64_t num_unit;
};

struct profwrite_mapping {
	uint64_t id;
	uint64_t start, limit, file_offset;
	uint64_t filename, build_id;
	bool has_functions, has_filenames, has_line_numbers, has_inline_frames;
};

struct profwrite_line {
	uint64_t function_id;
	int64_t line, column;
};

struct profwrite_location {
	uint64_t id, mapping_id, address;
	const struct profwrite_line *lines;
	size_t nlines;
	bool is_folded;
};

struct profwrite_function {
	uint64_t id;
	uint64_t name, system_name, filename;
	int64_t start_line;
};

/** An integer field of Profile itself; a 0 is left out, as proto3 does. */
void profwrite_int(struct profwrite_sink *s, enum profile_field field, int64_t value);

/** The next entry of the string table. The first of a profile must be "". */
void profwrite_string(struct profwrite_sink *s, const char *str, size_t len);

/** field: PROFILE_SAMPLE_TYPE or PROFILE_PERIOD_TYPE. */
void profwrite_value_type(struct profwrite_sink *s, enum profile_field field, uint64_t type,
		uint64_t unit);

void profwrite_sample(struct profwrite_sink *s, const int64_t *values, size_t nvalues,
		const uint64_t *location_ids, size_t nlocations, const struct profwrite_label *labels,
		size_t nlabels);
void profwrite_mapping(struct profwrite_sink *s, const struct profwrite_mapping *m);
void profwrite_location(struct profwrite_sink *s, const struct profwrite_location *l);
void profwrite_function(struct profwrite_sink *s, const struct profwrite_function *f);

#endif
