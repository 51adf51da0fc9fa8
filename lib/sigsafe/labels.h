// SPDX-License-Identifier: MIT
// Context: SIG. Labels: pairs of strings a thread carries, and its samples with it (Go's pprof.Labels).
//
// A set is immutable and interned: the same pairs are the same set, for ever. So a thread's labels are one
// number, the set's id, set by one store; a sample holds the same, and nothing is counted or freed.
// What sets may take is bounded; when it is used up, new ones are refused and counted.
#ifndef CPROF_SIGSAFE_LABELS_H
#define CPROF_SIGSAFE_LABELS_H

#include "types.h"

enum {
	CP_LABELS_MAX = 32, // pairs in a set
};

struct cp_label_pair {
	const char *key, *value;
};

struct cprof_labels {
	struct cprof_labels *next; // in its bucket
	uint64_t hash;
	uint32_t id;    // from 1; 0 means no labels
	uint32_t count; // at least 1
	struct cp_label_pair pairs[]; // sorted by key, each key once; the strings lie behind them
};

/**
 * The set of `base`'s pairs (NULL: none) with pairs[0..n) laid over them: of equal keys the last counts.
 * NULL: there are no pairs, more than CP_LABELS_MAX, or no room left. Context: SIG.
 */
const struct cprof_labels *cp_labels_intern(const struct cprof_labels *base, const struct cp_label_pair *pairs,
		uint32_t n);

/** `over` laid over `base`; either may be NULL. Quick for the two that were merged before. */
const struct cprof_labels *cp_labels_merge(const struct cprof_labels *base, const struct cprof_labels *over);

/** NULL: id is 0 or of none. */
const struct cprof_labels *cp_labels_of_id(uint32_t id);

/** NULL: the set (NULL: none) has no such key. */
const char *cp_labels_get(const struct cprof_labels *labels, const char *key);

/** Sets that were refused for want of room. */
uint64_t cp_labels_refused(void);

/** The calling thread's labels. */
const struct cprof_labels *cp_labels_current(void);

/** Returns what they were before. */
const struct cprof_labels *cp_labels_set(const struct cprof_labels *labels);

/** The id of the calling thread's labels, 0: none. tid is the caller's, as the kernel has it: a thread of
 *  a raw clone() may stand on another one's thread-local storage, and must not be taken for it. */
uint32_t cp_labels_current_id(int tid);

/** The same for who does not know its tid: asks the kernel only where there are labels. */
uint32_t cp_labels_own_id(void);

#endif
