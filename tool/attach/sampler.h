// SPDX-License-Identifier: MIT
// Samples of a process that runs already, taken by the kernel (perf events) and copied out of its buffers. The
// process is neither stopped nor signalled, and nothing is put into it. Private to tool/attach.
#ifndef CPROF_TOOL_ATTACH_SAMPLER_H
#define CPROF_TOOL_ATTACH_SAMPLER_H

#include <linux/perf_event.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "tool/attach/anchors.h"

struct sampler {
	struct perf_event_attr attr; // as it was granted
	bool sees_kernel;
	int *fds; // of each thread on each processor
	size_t nfds, fds_cap;
	int max_fd; // what is above is for the files that are read and written meanwhile
	struct sampler_ring *rings; // one a processor
	size_t nrings;
	struct anchors anchors;
};

/** All threads, and those they will start, are sampled from now on. An error says what is not permitted. */
struct err *sampler_open(struct arena *a, int pid, int rate_hz, struct sampler *out);

/** Opens the events of a thread, which those it starts will inherit. 0 too where the thread is gone, or a processor is
 *  off, or a negative errno. */
int sampler_add_thread(struct sampler *s, int tid);

/** No sample is taken after it; those there are can still be read. */
void sampler_stop(struct sampler *s);

/** Appends the records that have come. To be called all the time. */
void sampler_read(struct sampler *s, struct buf *out);

/** The same, and nothing else. */
void sampler_read_rings(struct sampler *s, struct buf *out);

/** What becomes readable when much has come: -1 where there is no such processor. */
int sampler_poll_fd(const struct sampler *s, size_t ring);

void sampler_close(struct sampler *s);

#endif
