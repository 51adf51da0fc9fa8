// SPDX-License-Identifier: MIT
// From records, in the order of time, to a profile. Private to tool/perfdata.
#ifndef CPROF_TOOL_PERFDATA_CONVERSION_H
#define CPROF_TOOL_PERFDATA_CONVERSION_H

#include "base/hashindex.h"
#include "tool/perfdata/columns.h"
#include "tool/perfdata/file.h"
#include "tool/perfdata/processes.h"
#include "tool/perfdata/unwind.h"
#include "tool/profile/profile.h"

enum { MAX_STACK = 8192 }; // a record has at most 64 KiB

struct conversion {
	struct perf_file file;
	struct arena *arena;
	struct profile *profile;
	struct processes processes;
	struct cfi_tables cfi;
	struct hash_index locations, mappings, samples;
	struct columns columns;
	int64_t *values; // of one sample
	bool is_too_large; // the profile: what samples are left is not added
	uint32_t stack[MAX_STACK];
	uint32_t nstack;
	uint64_t first_ns, last_ns, nsamples, nlost, nbad;
	uint64_t nends[UNWIND_NENDS]; // of the stacks that were walked here
	uint32_t markers[UNWIND_NENDS]; // locations; NO_INDEX: not used so far
	strid comm, pid, tid;
};

/** c: zeroed but for the file, whose events are known. The arena holds all but the profile. */
void conversion_begin(struct conversion *c, struct arena *a);
void conversion_add(struct conversion *c, const struct perf_record *r);
/** The profile is the caller's to destroy. */
struct profile *conversion_end(struct conversion *c);
void conversion_deinit(struct conversion *c);

#endif
