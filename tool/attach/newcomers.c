// SPDX-License-Identifier: MIT
// See newcomers.h. A thread inherits the events of the one that starts it, which says so by a record; where that one's
// turn had not come yet, it has none, nor have those that it starts. So the threads are listed again until all are
// known: who is new, and of whom nothing was recorded, gets events of its own. Who is listed may just be being made,
// its record still to come: it is believed to have none when it is met a second time.
#include "tool/attach/newcomers.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "tool/attach/sampler.h"

enum {
	MAX_TIDS = 1 << 22, // Linux's PID_MAX_LIMIT
	MAX_LISTINGS = 20,
	NAP_NS = 2000000,
	THREADS_AT_ONCE = 32, // then the buffers are emptied: they hold a second
};

enum knowledge { NEW, SEEN, COVERED };

struct newcomers {
	struct sampler *sampler;
	uint8_t *known; // by thread id: enum knowledge
	struct buf records;
	uint32_t nopened;
};

// As the kernel writes it (perf_event_open(2)).
struct fork_record {
	struct perf_event_header header;
	uint32_t pid, parent_pid, tid, parent_tid;
};

static void note_births(struct newcomers *n)
{
	n->records.len = 0;
	sampler_read_rings(n->sampler, &n->records);
	struct fork_record r;
	for (size_t at = 0; at + sizeof(r.header) <= n->records.len; at += r.header.size) {
		memcpy(&r.header, n->records.ptr + at, sizeof(r.header));
		if (r.header.size < sizeof(r.header))
			return;
		if (r.header.type != PERF_RECORD_FORK || at + sizeof(r) > n->records.len)
			continue;
		memcpy(&r, n->records.ptr + at, sizeof(r));
		if (r.pid == r.parent_pid && r.tid < MAX_TIDS)
			n->known[r.tid] = COVERED;
	}
}

static int cover(struct newcomers *n, int tid)
{
	n->known[tid] = COVERED;
	if (++n->nopened % THREADS_AT_ONCE == 0)
		note_births(n);
	return sampler_add_thread(n->sampler, tid);
}

/** Of one listing, which was made before the records are read. *has_new_out: there is one whose record may come. */
static int cover_listed(struct newcomers *n, struct dirent **tasks, int ntasks, bool is_first, bool *has_new_out)
{
	int ret = 0;
	if (!is_first)
		note_births(n);
	*has_new_out = false;
	for (int i = 0; i < ntasks && ret == 0; i++) {
		int tid = atoi(tasks[i]->d_name); // 0: . and ..
		if (tid <= 0 || tid >= MAX_TIDS || n->known[tid] == COVERED)
			continue;
		if (is_first || n->known[tid] == SEEN) {
			ret = cover(n, tid);
		} else {
			n->known[tid] = SEEN;
			*has_new_out = true;
		}
	}
	return ret;
}

static int cover_threads(struct newcomers *n, int pid)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	bool has_new = true;
	int ret = 0;
	for (int i = 0; i < MAX_LISTINGS && has_new && ret == 0; i++) {
		struct dirent **tasks;
		int ntasks = scandir(path, &tasks, NULL, NULL);
		if (ntasks < 0)
			return i == 0 ? -errno : 0;
		uint32_t nopened = n->nopened;
		ret = cover_listed(n, tasks, ntasks, i == 0, &has_new);
		has_new |= n->nopened != nopened; // it may have started some before
		for (int j = 0; j < ntasks; j++)
			free(tasks[j]);
		free(tasks);
		if (has_new && i > 0)
			nanosleep(&(struct timespec){0, NAP_NS}, NULL);
	}
	return ret == 0 && n->sampler->nfds == 0 ? -ESRCH : ret;
}

int newcomers_cover(struct sampler *s, int pid)
{
	struct newcomers n = {.sampler = s, .known = mem_zeroed(MAX_TIDS, 1)};
	int ret = cover_threads(&n, pid);
	if (ret == 0)
		note_births(&n); // and drops it
	buf_deinit(&n.records);
	free(n.known);
	return ret;
}
