// SPDX-License-Identifier: MIT
// Context: CTL. See trace_scan.h.
#include "trace_scan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heap_total_hook.h"
#include "sigsafe/file.h"
#include "sigsafe/taskdir.h"
#include "sigsafe/thread.h"
#include "task_info.h"
#include "trace_hook.h"

/// Threads

static void put_name(int tid)
{
	char name[CP_TASK_TEXT_BYTES];
	uint64_t of_tid = (uint64_t)tid;
	if (cp_task_read(tid, "comm", name) > 0)
		cp_trace_process_event(TRACE_THREAD_NAME, &of_tid, 1, name, strcspn(name, "\n"));
}

static void put_times(int tid)
{
	struct cp_task_times times;
	if (!cp_task_read_times(tid, &times))
		return;
	const uint64_t args[] = {(uint64_t)tid, times.run_ns, times.wait_ns};
	cp_trace_process_event(TRACE_THREAD_TIMES, args, 3, NULL, 0);
}

static void scan_thread(int tid, void *arg)
{
	uint32_t *count = arg;
	++*count;
	if (cp_thread_is_excluded(tid))
		return;
	put_name(tid);
	put_times(tid);
}

uint32_t cp_trace_scan_threads(void)
{
	uint32_t count = 0;
	cp_taskdir_threads(scan_thread, &count);
	return count;
}

/// Memory

static void put_counter(const char *name, uint64_t value)
{
	const uint64_t args[] = {cp_trace_string(name), value};
	cp_trace_process_event(TRACE_COUNTER, args, 2, NULL, 0);
}

/** 0: not known. */
static uint64_t resident_bytes(void)
{
	char text[128], *at = text;
	cp_read_text("/proc/thread-self/statm", text, sizeof(text));
	strtoull(at, &at, 10); // the whole address space
	return strtoull(at, &at, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void cp_trace_scan_counters(void)
{
	int64_t heap_bytes = cp_heap_estimate_in_use();
	uint64_t rss_bytes = resident_bytes();
	if (heap_bytes > 0)
		put_counter("heap_inuse_bytes", (uint64_t)heap_bytes);
	if (rss_bytes)
		put_counter("resident_bytes", rss_bytes);
}
