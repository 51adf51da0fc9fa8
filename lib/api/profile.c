// SPDX-License-Identifier: MIT
// Context: CTL. <cprof/profile.h>: options of whichever version made complete, then one call inwards.
#include <cprof/profile.h>

#include <errno.h>
#include <string.h>

#include "cancel.h"
#include "interpose/visible.h"
#include "record/session.h"

enum {
	ALL_MODES = 2 * CPROF_PROFILE_TRACE - 1,
	DEFAULT_RATE_HZ = 100,
	MAX_CPU_RATE_HZ = 10000,
	MAX_WALL_RATE_HZ = 1000,
};

static const int64_t DEFAULT_MEM_RATE_BYTES = 4096, DEFAULT_SYSCALL_RATE_NS = 10000, MAX_RATE = (int64_t)1 << 40;

/** What a newer program knows and we do not must be zero. */
static int take_options(const void *given, size_t size, struct cprof_profile_options *o)
{
	const unsigned char *bytes = given;
	memset(o, 0, sizeof(*o));
	for (size_t i = sizeof(*o); given && i < size; i++) {
		if (bytes[i])
			return -E2BIG;
	}
	if (given)
		memcpy(o, given, size < sizeof(*o) ? size : sizeof(*o));
	o->path = o->path && *o->path ? o->path : NULL; // "" is none to pkg/profile, too
	o->modes = o->modes ? o->modes : CPROF_PROFILE_CPU;
	o->cpu_rate_hz = o->cpu_rate_hz ? o->cpu_rate_hz : DEFAULT_RATE_HZ;
	o->wall_rate_hz = o->wall_rate_hz ? o->wall_rate_hz : DEFAULT_RATE_HZ;
	o->mem_rate_bytes = o->mem_rate_bytes ? o->mem_rate_bytes : DEFAULT_MEM_RATE_BYTES;
	o->block_rate_ns = o->block_rate_ns ? o->block_rate_ns : 1;
	o->syscall_rate_ns = o->syscall_rate_ns ? o->syscall_rate_ns : DEFAULT_SYSCALL_RATE_NS;
	o->mutex_fraction = o->mutex_fraction ? o->mutex_fraction : 1;
	bool is_valid = o->modes <= ALL_MODES && o->cpu_rate_hz >= 1 && o->cpu_rate_hz <= MAX_CPU_RATE_HZ &&
			o->wall_rate_hz >= 1 && o->wall_rate_hz <= MAX_WALL_RATE_HZ &&
			o->mem_rate_bytes >= 1 && o->mem_rate_bytes <= MAX_RATE && o->block_rate_ns >= 1 &&
			o->block_rate_ns <= MAX_RATE && o->syscall_rate_ns >= 1 &&
			o->syscall_rate_ns <= MAX_RATE && o->mutex_fraction >= 1;
	return is_valid ? 0 : -EINVAL;
}

CP_VISIBLE int cprof_profile_start_sized(const struct cprof_profile_options *options, size_t size)
{
	struct cprof_profile_options o;
	int ret = take_options(options, size, &o);
	int cancel_state = cp_cancel_hold();
	ret = ret < 0 ? cp_session_refuse(ret) : cp_session_start(&o);
	cp_cancel_release(cancel_state);
	return ret;
}

CP_VISIBLE int cprof_profile_stop(int session)
{
	int cancel_state = cp_cancel_hold();
	int ret = cp_session_stop(session);
	cp_cancel_release(cancel_state);
	return ret;
}
