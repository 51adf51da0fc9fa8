// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/pprof.h>: the arguments are checked here, and the rest is one call inwards.
#include <cprof/pprof.h>
#include <errno.h>

#include "cancel.h"
#include "interpose/leave.h"
#include "interpose/visible.h"
#include "kind/cpu.h"
#include "sigsafe/atomic.h"

enum { DEFAULT_RATE_HZ = 100, MAX_RATE_HZ = 10000 };

static _Atomic int rate_hz = DEFAULT_RATE_HZ;
static _Atomic int engine = CPROF_CPU_AUTO;

CP_VISIBLE int cprof_start_cpu_profile(struct cprof_writer writer)
{
	struct cp_cpu_options options = {
		.rate_hz = load(&rate_hz, relaxed),
		.engine = (enum cprof_cpu_engine)load(&engine, relaxed),
	};
	if (!writer.path && !writer.write)
		return -EINVAL;
	int cancel_state = cp_cancel_hold();
	int ret = cp_cpu_start(&options, writer);
	cp_cancel_release(cancel_state);
	if (ret == 0)
		cp_leave_call(cp_cpu_checkpoint); // the process's timer would go on after an exec
	return ret;
}

CP_VISIBLE int cprof_stop_cpu_profile(void)
{
	int cancel_state = cp_cancel_hold();
	int ret = cp_cpu_stop();
	cp_cancel_release(cancel_state);
	return ret;
}

CP_VISIBLE int cprof_set_cpu_profile_rate(int hz)
{
	if (hz < 1 || hz > MAX_RATE_HZ)
		return -EINVAL;
	if (cp_cpu_is_running())
		return -EBUSY;
	store(&rate_hz, hz, relaxed);
	return 0;
}

CP_VISIBLE int cprof_set_cpu_engine(enum cprof_cpu_engine wished)
{
	if ((unsigned)wished > CPROF_CPU_ITIMER)
		return -EINVAL;
	if (cp_cpu_is_running())
		return -EBUSY;
	store(&engine, (int)wished, relaxed);
	return 0;
}

CP_VISIBLE const char *cprof_version(void)
{
	return CPROF_VERSION;
}
