// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/pprof.h>: profiles by name, the signal for a dump, and the heap's rate. Argument checks,
// then one call inwards.
#include <cprof/pprof.h>

#include <errno.h>

#include "cancel.h"
#include "interpose/visible.h"
#include "kind/dump_signal.h"
#include "kind/heap.h"
#include "kind/kind.h"

CP_VISIBLE const struct cprof_profile *cprof_lookup(const char *name)
{
	return name ? cp_kind_lookup(name) : NULL;
}

CP_VISIBLE const char *cprof_profile_name(const struct cprof_profile *profile)
{
	return profile ? profile->name : NULL;
}

CP_VISIBLE uint64_t cprof_profile_count(const struct cprof_profile *profile)
{
	return profile ? profile->count(profile) : 0;
}

CP_VISIBLE int cprof_profile_write_to(
		const struct cprof_profile *profile, struct cprof_writer writer, int debug)
{
	if (!profile || (!writer.write && !writer.path) || debug < 0)
		return -EINVAL;
	int cancel_state = cp_cancel_hold();
	int rc = profile->write(profile, writer, debug);
	cp_cancel_release(cancel_state);
	return rc;
}

CP_VISIBLE int cprof_dump_threads_on_signal(int sig)
{
	return cp_dump_signal_install(sig);
}

CP_VISIBLE void cprof_profiles(int (*fn)(const struct cprof_profile *, void *), void *arg)
{
	if (fn)
		cp_kind_each(fn, arg);
}

CP_VISIBLE int cprof_set_mem_profile_rate(int64_t rate_bytes)
{
	return cp_heap_set_rate(rate_bytes);
}

CP_VISIBLE int cprof_write_heap_profile(struct cprof_writer writer)
{
	return cprof_profile_write_to(cp_kind_lookup("heap"), writer, 0);
}
