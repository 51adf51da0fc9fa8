// SPDX-License-Identifier: MIT
// Context: CTL. See threadcreate.h; threadcreate_hook.c records.
#include "threadcreate.h"

#include <errno.h>
#include <pthread.h>

#include "counts.h"
#include "sigsafe/atomic.h"
#include "sigsafe/modmap.h"
#include "sigsafe/unwind.h"
#include "threadcreate_hook.h"

enum { NBUCKETS = 1 << 8, MAX_STACKS_BYTES = 64 << 20 };

static int error;

static void start(void)
{
	error = cp_unwind_init();
	if (error == 0)
		error = cp_modmap_refresh();
	if (error == 0)
		error = cp_stacktab_init(&cp_threadcreate.stacks, NBUCKETS, MAX_STACKS_BYTES);
	store(&cp_threadcreate.is_on, error == 0, release);
}

int cp_threadcreate_start(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start);
	return error;
}

int cp_threadcreate_write(struct cprof_writer writer, int debug)
{
	const struct cp_counts counts = {
			.name = "threadcreate",
			.second_type = "alive",
			.second_unit = "count",
			.shown_type = "threadcreate", // who is alive at the end of the program is nobody
			.stacks = &cp_threadcreate.stacks,
	};
	if (!load(&cp_threadcreate.is_on, acquire))
		return -ENODATA;
	return cp_counts_write(&counts, writer, debug);
}

uint64_t cp_threadcreate_count(void)
{
	return load(&cp_threadcreate.stacks.count, relaxed);
}
