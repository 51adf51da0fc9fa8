// SPDX-License-Identifier: MIT
// The options that choose samples and frames: focus, ignore, hide, show, show_from, tagfocus, tagignore,
// tagshow, taghide, tagroot, tagleaf. Each works on a profile in place (a view, as a rule). A regexp is
// matched once per distinct string; samples then only look flags up. NULL regexps are options not set.
//
// Order of one report: profile_add_label_frames, then filter_names, show_from, filter_tags,
// filter_label_keys, prune_from (prune.h), then profile_aggregate (aggregate.h).
#ifndef CPROF_TOOL_PROFILE_FILTER_H
#define CPROF_TOOL_PROFILE_FILTER_H

#include "base/err.h"
#include "tool/profile/profile.h"
#include "tool/profile/regex.h"

/**
 * Sets found_out[sample] to whether a sample has a location with the flag (`flags`: of all locations). False, and
 * nothing set, where looking at all stacks is as good.
 */
typedef bool sample_finder(const struct profile *p, const uint8_t *flags, uint8_t flag, uint8_t *found_out);

struct name_filter {
	const struct regex *focus, *ignore, *hide, *show;
	sample_finder *find; // NULL: none
	bool defers;         // what is hidden stays in stacks and lines until profile_hide() (hide.h)
};

// Whether each expression matched anything (false: the driver warns "... matched no samples").
struct name_matches {
	bool focus, ignore, hide, show;
};

/** focus, ignore, hide and show at once, on function, file and mapping names. */
struct name_matches profile_filter_names(struct profile *p, const struct name_filter *f);

/**
 * Cuts every stack above (rootward of) its rootmost match; drops samples without one. find: NULL: none. defers: what is
 * cut off may stay in stacks until profile_hide() (hide.h).
 */
bool profile_show_from(struct profile *p, const struct regex *show_from, sample_finder *find, bool defers);

// The unit of each numeric label key, from the samples or guessed from the key.
struct label_unit {
	strid key;
	strid unit;
	strid *ignored; // other units met for this key, sorted
	uint32_t nignored;
};
struct label_units {
	struct label_unit *items; // sorted by key
	uint32_t n;
};

/** In `p`'s arena. Take it from the unfiltered profile. */
struct label_units profile_label_units(struct profile *p);

/** The unit of `key`, "" where no sample has such a numeric label. */
struct str label_units_get(const struct profile *p, const struct label_units *units, struct str key);

struct tag_filter;

/**
 * Compiles a tagfocus or tagignore value: "[key=]range" or "[key=]regexp,...". *is_range_out: the driver
 * then says "tagfocus:Interpreted '10kb:' as range, not regexp" with *range_text_out. Error: "parsing
 * tagfocus regexp: ...". NULL filter for an empty value. Units are of the unfiltered profile.
 */
struct err *tag_filter_compile(struct arena *a, struct str option, struct str value,
		const struct label_units *units, struct tag_filter **filter_out, bool *is_range_out,
		struct str *range_text_out);

/** Frees its regexps (NULL-safe); the rest is the arena's. */
void tag_filter_free(struct tag_filter *filter);

/** Keeps the samples that match focus and not ignore. Either may be NULL. */
void profile_filter_tags(struct profile *p, const struct tag_filter *focus,
		const struct tag_filter *ignore, bool *focus_matched_out, bool *ignore_matched_out);

/** tagshow and taghide: which label keys stay. */
void profile_filter_label_keys(struct profile *p, const struct regex *show, const struct regex *hide,
		bool *show_matched_out, bool *hide_matched_out);

/** Removes the numeric labels for which drop(key) is true. */
void profile_drop_num_labels(struct profile *p, bool (*drop)(void *arg, struct str key), void *arg);

/** tagroot and tagleaf: pseudo frames named after label values. Returns through _out whether any sample had one. */
void profile_add_label_frames(struct profile *p, const struct str *root_keys, uint32_t nroot,
		const struct str *leaf_keys, uint32_t nleaf, struct str output_unit,
		bool *root_matched_out, bool *leaf_matched_out);

#endif
