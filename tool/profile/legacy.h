// SPDX-License-Identifier: MIT
// The profile formats from before profile.proto: what gperftools, jemalloc, old Go and Java agents write. Text
// lines or machine words, addresses instead of functions, a memory map at the end. Private to tool/profile/.
#ifndef CPROF_TOOL_PROFILE_LEGACY_H
#define CPROF_TOOL_PROFILE_LEGACY_H

#include "base/err.h"
#include "base/idmap.h"
#include "tool/profile/profile.h"
#include "tool/profile/regex.h"
#include "tool/profile/textlines.h"

// One attempt to read the bytes as one of the formats.
struct legacy {
	struct arena *arena;
	struct profile *p;
	struct str data;
	struct idmap location_of; // address -> location
	uint32_t *stack;          // of the sample being read
	uint32_t nstack, stack_cap;
	bool is_other; // set with a NULL error: not this format, try the next
};

/** A parser: NULL and a filled l->p; NULL and l->is_other; or what is wrong. */
typedef struct err *legacy_parser(struct legacy *l);

legacy_parser parse_legacy_cpu, parse_legacy_heap, parse_legacy_jemalloc, parse_legacy_count,
		parse_legacy_thread, parse_legacy_contention, parse_legacy_java;

/** Tries all. "unrecognized profile format" where none fits. */
struct err *parse_legacy(struct arena *a, struct str data, struct profile **profile_out);

/** "Not this format", to be returned. */
struct err *legacy_other(struct legacy *l);
/** The error of a line over 64 KiB, or NULL. */
struct err *legacy_lines_error(struct legacy *l, const struct textlines *lines);

void legacy_set_types(struct legacy *l, const char *const (*types)[2], uint32_t n);
void legacy_set_period(struct legacy *l, const char *type, const char *unit, int64_t period);

/**
 * Starts an empty stack; adds a frame; adds all 0x... numbers of a text. Return addresses are adjusted by 1,
 * to lie in the call.
 */
void legacy_begin_stack(struct legacy *l);
void legacy_add_frame(struct legacy *l, uint64_t address);
struct err *legacy_add_hex_frames(struct legacy *l, struct str text, unsigned leaf_adjust,
		unsigned caller_adjust);
/** Appends the sample with the stack just read. */
void legacy_add_sample(struct legacy *l, const int64_t *values, uint32_t label_set);
/** The label set {bytes: size}. */
uint32_t legacy_bytes_label(struct legacy *l, int64_t size);

/** Undoes sampling: what `count` objects of `size` bytes in all stand for at one sample in `rate` bytes. */
void legacy_unsample(int64_t *count, int64_t *size, int64_t rate);

/** Skips to the memory map, reads it, and gives locations, functions and mappings their ids. */
struct err *legacy_finish(struct legacy *l, struct textlines *lines);
/** The memory map alone: all lines that are left. */
struct err *legacy_read_maps(struct legacy *l, struct textlines *lines);
/** Dense ids in order of use, mappings for addresses; part of the two above. */
void legacy_number(struct legacy *l);
/** Keeps the locations samples use, in order of first use; their lines stay where they are. */
void legacy_number_locations(struct profile *p);
/** How the Java formats end: functions instead of a memory map. Addresses go. */
struct err *java_finish(struct legacy *l, struct str locations);
/** Handlers record the leaf twice, once as a return address: drops it. After legacy_finish. */
void legacy_drop_double_leaf(struct legacy *l);

#endif
