// SPDX-License-Identifier: MIT
// A recording under way: what the kernel's perf buffers deliver, made into a profile as it comes. Called by
// tool/attach.
#ifndef CPROF_TOOL_PERFDATA_RECORDING_H
#define CPROF_TOOL_PERFDATA_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

struct perf_event_attr;
struct profile;
struct perf_recording;

/** What was mapped before the recording began. Strings are copied. */
struct perf_mapped {
	uint64_t start, limit, offset;
	struct str file, build_id; // hex digits
};

/** Of one event of this kernel, which has times and the size of its sample period; all lives in the arena. */
struct perf_recording *perf_recording_begin(struct arena *a, const struct perf_event_attr *attr);

/** pid -1: the kernel's. */
void perf_recording_map(struct perf_recording *r, int pid, const struct perf_mapped *mapped);
void perf_recording_name_thread(struct perf_recording *r, int tid, struct str name);

/** Whole records, in any order; all of them later than those of the call before. */
void perf_recording_add(struct perf_recording *r, const void *records, size_t len);

uint64_t perf_recording_nsamples(const struct perf_recording *r);

/** Events for which there was no room in the kernel's buffers. */
uint64_t perf_recording_nlost(const struct perf_recording *r);

/** The path and the name of the program that the process has become by exec; false: by none in the recording. */
bool perf_recording_program(const struct perf_recording *r, int pid, struct str *path, struct str *name);

/** The caller's to destroy. The recording is over. */
struct profile *perf_recording_end(struct perf_recording *r);

#endif
