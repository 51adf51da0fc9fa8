// SPDX-License-Identifier: MIT
// What passes over the samples found, and what places became, kept for later reports of the same profile: in the
// shell and on web pages most commands ask for another view of what was already added up.
//
// A pass is a function of the samples and of the table that says which nodes a location stands for. The
// table is part of the key, as a whole, so it does not matter which options made it so. Of the samples the key
// is the text of the filters (struct profile, `selection`).
#ifndef CPROF_TOOL_GRAPH_PASS_CACHE_H
#define CPROF_TOOL_GRAPH_PASS_CACHE_H

#include "tool/graph/known_places.h"
#include "tool/graph/node_stacks.h"

enum pass { PASS_TALLY, PASS_LINK, PASS_LINK_TO, PASS_PLACES };

struct pass_key {
	enum pass pass;
	const struct graph *graph; // its profile, value_index and mean
	const struct frame_table *frames; // NULL: it is about locations
};

/**
 * To be put into `base`, whose views are to remember; given back with pass_cache_destroy(), before the profile.
 */
struct pass_cache *pass_cache_create(const struct profile *base);
void pass_cache_destroy(struct pass_cache *cache);

/**
 * The stacks of a graph's base as nodes. NULL while they are being made, for a pass over the samples is shorter
 * than the rest of that; where there are none; and where a filter changed stacks, but for hidden nodes (struct graph).
 * Those not known yet will be made, if pass_cache_prepare() is called.
 */
const struct node_stacks *pass_cache_stacks(const struct graph *g);

/** Those that are there already, of any granularity, where p has all samples of its base; with the table of it. */
const struct node_stacks *pass_cache_known_stacks(const struct profile *p, struct frame_table *frames_out);

/** A report's total, kept where p has all samples of its base. False: it is not known. */
bool pass_cache_find_total(const struct profile *p, uint32_t value_index, bool mean, int64_t *total_out);
void pass_cache_keep_total(const struct profile *p, uint32_t value_index, bool mean, int64_t total);

/** What was made of the base's places. */
struct known_places *pass_cache_places(struct pass_cache *cache);

/** Makes reports that may be asked for next; in the end, or when cancelled() says so, it returns. */
typedef void pass_cache_guess(void *arg);

/**
 * Between two reports: begins to make, in a thread, what the last one lacked, and then calls `guess`, if that is not
 * NULL: what its reports need is known then. While stacks are made, other reports may be; while it guesses, none: the
 * next begins with pass_cache_pause().
 */
void pass_cache_prepare(struct pass_cache *cache, pass_cache_guess *guess, void *arg);

/** Before a report: no guess is under way, and none begins until pass_cache_prepare(). What was found stays. */
void pass_cache_pause(struct pass_cache *cache);

/** The result of an equal pass, *bytes_out long and valid until the next pass_cache_keep(); or NULL. */
const void *pass_cache_find(const struct pass_key *key, size_t *bytes_out);

/** Keeps a copy of a result, if there is a cache; it may push out an older one. */
void pass_cache_keep(const struct pass_key *key, const void *result, size_t bytes);

#endif
