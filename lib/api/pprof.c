// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/pprof.h>: the arguments are checked here, and the rest is one call inwards.
#include <cprof/pprof.h>
#include <errno.h>

#include "cancel.h"
#include "interpose/leave.h"
#include "interpose/visible.h"
#include "kind/cpu.h"

CP_VISIBLE int cprof_start_cpu_profile(struct cprof_writer writer)
{
	struct cp_cpu_options options = cp_cpu_defaults();
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
	return cp_cpu_set_rate(hz);
}

CP_VISIBLE int cprof_set_cpu_engine(enum cprof_cpu_engine wished)
{
	return cp_cpu_set_engine(wished);
}

CP_VISIBLE const char *cprof_version(void)
{
	return CPROF_VERSION;
}
