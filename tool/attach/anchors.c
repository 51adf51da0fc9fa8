// SPDX-License-Identifier: MIT
// See anchors.h.
#include "tool/attach/anchors.h"

#include <dirent.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/now.h"

// A look costs what it does for each thread, sleeping or not.
enum { MIN_REST_NS = 1000000000, REST_FOR_A_LOOK = 100 };

static int open_anchor(int tid, int max_fd)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_DUMMY,
			.disabled = 1, .exclude_kernel = 1, .exclude_hv = 1};
	int fd = (int)syscall(SYS_perf_event_open, &attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd > max_fd) {
		close(fd);
		return -1;
	}
	return fd;
}

static int by_tid(const void *a, const void *b)
{
	int left = ((const struct anchor *)a)->tid, right = ((const struct anchor *)b)->tid;
	return (left > right) - (left < right);
}

/** By their ids; each without an event yet. */
static struct anchors threads_of(int pid)
{
	struct anchors found = {.pid = pid};
	uint32_t cap = 0;
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *tasks = opendir(path);
	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		int tid = atoi(entry->d_name);
		if (tid <= 0)
			continue;
		found.items = mem_grow(found.items, &cap, (uint32_t)found.n + 1, sizeof(*found.items));
		found.items[found.n++] = (struct anchor){tid, -1};
	}
	if (tasks)
		closedir(tasks);
	if (found.n)
		qsort(found.items, found.n, sizeof(*found.items), by_tid);
	return found;
}

static void close_anchor(struct anchor *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

void anchors_update(struct anchors *all)
{
	int64_t begin_ns = now_ns(CLOCK_MONOTONIC);
	if (begin_ns < all->next_ns)
		return;
	struct anchors found = threads_of(all->pid);
	struct anchor *known = all->items, *end = known + all->n;
	for (size_t i = 0; i < found.n; i++) {
		struct anchor *a = &found.items[i];
		for (; known < end && known->tid < a->tid; known++)
			close_anchor(known);
		bool is_known = known < end && known->tid == a->tid;
		a->fd = is_known ? (known++)->fd : open_anchor(a->tid, all->max_fd);
	}
	for (; known < end; known++)
		close_anchor(known);
	free(all->items);
	int64_t end_ns = now_ns(CLOCK_MONOTONIC), rest_ns = (end_ns - begin_ns) * REST_FOR_A_LOOK;
	found.next_ns = end_ns + (rest_ns > MIN_REST_NS ? rest_ns : MIN_REST_NS);
	found.max_fd = all->max_fd;
	*all = found;
}

void anchors_close(struct anchors *all)
{
	for (size_t i = 0; i < all->n; i++)
		close_anchor(&all->items[i]);
	free(all->items);
	*all = (struct anchors){0};
}
