// SPDX-License-Identifier: MIT
// The profile in memory: every report, filter and merge works on this. Columnar, so that a million
// samples cost a few arrays and no objects: indexes instead of pointers, one string table.
//
// An index is a position in an array here (locations[i]), never the id of the file it came from; the
// file's ids are kept beside for -raw and -proto. The small tables (mappings, functions, locations,
// lines) live in `arena`, the sample columns are big and are allocated singly.
//
// A stack is a range [loc_begin[i], loc_end[i]) of one column, so cutting its ends or dropping
// samples moves indexes and copies no stack. A label set is stored once however many samples have
// it, so a filter on labels looks at sets and not at samples.
#ifndef CPROF_TOOL_PROFILE_H
#define CPROF_TOOL_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hashindex.h"
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
	uint32_t nlines : 31;
	uint32_t is_folded : 1;
};

struct label {
	strid key : 31; // a bit less makes two thirds of a label, of which a profile may have one a sample
	uint32_t is_num : 1;
	union {
		strid str;  // of a string label
		strid unit; // of a numeric one
	};
	int64_t num; // of a numeric label; else 0
};

// The labels of a sample: string labels sorted by key, then numeric ones sorted by key; several values
// of one key stay in the order they came. Equal sets have equal indexes.
struct label_set {
	uint32_t begin; // labels[begin .. begin + n)
	uint32_t n;
};

struct profile {
	struct arena arena;

	struct str *strings;
	uint32_t nstrings, strings_cap;
	struct hash_index string_index;

	struct value_type *sample_types;
	uint32_t nsample_types;
	strid default_sample_type;

	// Samples, a column each. The stack of sample i, leaf first, is locs[loc_begin[i] .. loc_end[i]):
	// read it through profile_stack.
	uint32_t nsamples, samples_cap;
	int64_t *values; // [nsamples * nsample_types]: profile_values
	uint32_t *loc_begin, *loc_end;
	// Indexes into locations. In a profile just read they are narrow where 16 bits suffice, and locs is NULL:
	// half the memory of a small profile. profile_own(PROFILE_LOCS) widens them, for who adds samples.
	uint32_t *locs;
	uint16_t *narrow_locs;
	size_t nlocs, locs_cap;
	uint32_t *sample_labels; // index into label_sets; NULL where no sample has a label

	struct label_set *label_sets; // [0] is the empty set
	uint32_t nlabel_sets, label_sets_cap;
	struct label *labels;
	uint32_t nlabels, labels_cap;
	struct hash_index label_set_index;

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

	unsigned borrowed; // enum profile_part bits: belongs to the profile this is a view of
	// Of a view with samples of its own: which of its base's these are, unchanged. NULL: it is not known.
	uint8_t *kept;
	// What hide and show take out, once somebody looks at stacks or lines (hide.h). NULL: nothing is due.
	struct hidden_places *hidden;
	struct pass_cache *pass_cache; // of tool/graph, shared by all views; NULL: none is kept
	// What made the samples of a view differ from those of its base: equal text, equal samples. NULL: it is not
	// known, or they do not.
	const char *selection;
};

/** What a view borrows until it first writes to it. */
enum profile_part {
	PROFILE_STRINGS = 1 << 0, // strings, string_index
	PROFILE_SAMPLES = 1 << 1, // values, loc_begin, loc_end, sample_labels
	PROFILE_LOCS = 1 << 2,    // locs, narrow_locs
	PROFILE_LABELS = 1 << 3,  // label_sets, labels, label_set_index
	PROFILE_PLACES = 1 << 4,  // locations, lines, functions
};

/** An empty profile; string 0 is "", label set 0 has no labels. Destroy frees all it owns. */
struct profile *profile_create(void);
void profile_destroy(struct profile *p);

/**
 * A profile equal to `base` that may be filtered, aggregated and edited at will while base stays as
 * it is: its columns and tables are copied where something writes to them. `base` must outlive it
 * unchanged. One view a command: filters of one never reach the next.
 */
struct profile *profile_view(const struct profile *base);

/** Makes the parts (enum profile_part bits) the profile's own; before writing to them directly. */
void profile_own(struct profile *p, unsigned parts);

/** Takes the places and mappings of another view of p's base, which outlives p, for p's borrowed ones. */
void profile_borrow_places(struct profile *p, const struct profile *from);

/** The index of s, added (bytes copied) where it is new. */
strid profile_intern(struct profile *p, struct str s);

/** The index of s, or NO_INDEX where the profile does not have it. */
strid profile_find_string(const struct profile *p, struct str s);

static inline struct str profile_str(const struct profile *p, strid id)
{
	return p->strings[id];
}

// Leaf first; read through stack_loc.
struct stack {
	union {
		const uint32_t *locs;
		const uint16_t *narrow_locs;
	};
	uint32_t n;
	bool is_narrow;
};

/** What loc_begin and loc_end are indexes into. */
static inline struct stack profile_places(const struct profile *p)
{
	if (p->narrow_locs)
		return (struct stack){.narrow_locs = p->narrow_locs, .n = (uint32_t)p->nlocs, .is_narrow = true};
	return (struct stack){.locs = p->locs, .n = (uint32_t)p->nlocs};
}

/** What is further out than the first n. */
static inline struct stack stack_skip(struct stack s, uint32_t n)
{
	return s.is_narrow ? (struct stack){.narrow_locs = s.narrow_locs + n, .n = s.n - n, .is_narrow = true}
			   : (struct stack){.locs = s.locs + n, .n = s.n - n};
}

static inline struct stack profile_stack(const struct profile *p, uint32_t sample)
{
	struct stack s = stack_skip(profile_places(p), p->loc_begin[sample]);
	s.n = p->loc_end[sample] - p->loc_begin[sample];
	return s;
}

/** An index into locations. */
static inline uint32_t stack_loc(struct stack s, uint32_t k)
{
	return s.is_narrow ? s.narrow_locs[k] : s.locs[k];
}

static inline const int64_t *profile_values(const struct profile *p, uint32_t sample)
{
	return p->values + (size_t)sample * p->nsample_types;
}

/** The label set of a sample: 0 where it has no labels. */
static inline uint32_t profile_label_set(const struct profile *p, uint32_t sample)
{
	return p->sample_labels ? p->sample_labels[sample] : 0;
}

/** The string of a function's name, "" for none. */
static inline struct str profile_function_name(const struct profile *p, uint32_t function)
{
	return function == NO_INDEX ? STR("") : p->strings[p->functions[function].name];
}

/** Append zeroed entries; return their index. Ids are the caller's. */
uint32_t profile_add_mapping(struct profile *p, struct mapping m);
uint32_t profile_add_function(struct profile *p, struct function f);
/** With the lines given (copied); line_begin and nlines of `l` are set here. */
uint32_t profile_add_location(struct profile *p, struct location l, const struct line *lines, uint32_t nlines);
/** A location that is no address but says something in a stack's place: "[kernel]". */
uint32_t profile_add_marker(struct profile *p, struct str name);
/** Appends a sample; nsample_types must be set, and values has that many. */
void profile_add_sample(struct profile *p, const uint32_t *locs, uint32_t nlocs, const int64_t *values,
		uint32_t label_set);
void profile_add_comment(struct profile *p, struct str comment);
void profile_set_sample_types(struct profile *p, const struct value_type *types, uint32_t n);

/** The first mapping names the profile: exchanges it and this one. */
void profile_put_mapping_first(struct profile *p, uint32_t mapping);

/** The index of a set of labels (any order: sorted here, in place), added where it is new. */
uint32_t profile_intern_labels(struct profile *p, struct label *labels, uint32_t n);

/** Sets the label `key` of all samples to the one value, or removes it (string labels only). */
void profile_set_label(struct profile *p, struct str key, struct str value);
void profile_remove_label(struct profile *p, struct str key);
/** Whether the set has the string label key with this value. */
bool profile_set_has_label(const struct profile *p, uint32_t label_set, strid key, strid value);

/** pprof's Mapping.Unsymbolizable: "[vdso]", "//anon" and the like. */
bool mapping_is_unsymbolizable(const struct profile *p, const struct mapping *m);

struct err;

/**
 * The column a sample_index option names: a number, a sample type, or "" for the default. Errors are
 * pprof's words.
 */
struct err *profile_sample_index(const struct profile *p, struct arena *a, struct str name,
		uint32_t *index_out);

/** pprof's CheckValid: NULL, or what is inconsistent. */
struct err *profile_check(const struct profile *p, struct arena *a);

#endif
