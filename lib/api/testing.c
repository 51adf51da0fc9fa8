// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/testing.h>: argument checks, then one call inwards.
#include <cprof/testing.h>

#include <errno.h>

#include "cancel.h"
#include "interpose/visible.h"
#include "testing/bench_run.h"
#include "testing/testing.h"

CP_VISIBLE int cprof_testing_init(int *argc, char **argv)
{
	if (!argc || !argv || *argc < 0)
		return -EINVAL;
	int cancel_state = cp_cancel_hold();
	int ret = cp_testing_init(argc, argv);
	cp_cancel_release(cancel_state);
	return ret;
}

CP_VISIBLE int cprof_testing_stop(void)
{
	int cancel_state = cp_cancel_hold();
	int ret = cp_testing_stop();
	cp_cancel_release(cancel_state);
	return ret;
}

CP_VISIBLE bool cprof_bench_run(const char *name, void (*fn)(struct cprof_bench *b, void *arg), void *arg)
{
	return name && fn && cp_bench_run(cp_testing_flags(), name, fn, arg);
}

static struct cp_bench *state_of(struct cprof_bench *b)
{
	return (struct cp_bench *)b; // its first member
}

CP_VISIBLE void cprof_bench_reset_timer(struct cprof_bench *b)
{
	cp_bench_reset(state_of(b));
}

CP_VISIBLE void cprof_bench_stop_timer(struct cprof_bench *b)
{
	cp_bench_set_timer(state_of(b), false);
}

CP_VISIBLE void cprof_bench_start_timer(struct cprof_bench *b)
{
	cp_bench_set_timer(state_of(b), true);
}

CP_VISIBLE void cprof_bench_set_bytes(struct cprof_bench *b, int64_t bytes)
{
	state_of(b)->bytes = bytes;
}

CP_VISIBLE void cprof_bench_report_allocs(struct cprof_bench *b)
{
	state_of(b)->shows_allocs = true;
}

CP_VISIBLE int cprof_bench_report_metric(struct cprof_bench *b, double value, const char *unit)
{
	return cp_bench_add_metric(state_of(b), value, unit);
}
