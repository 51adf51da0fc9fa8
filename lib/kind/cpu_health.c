// SPDX-License-Identifier: MIT
// Context: CTL. What the CPU profile is asked for where nobody says, and how it is doing.
#include <errno.h>
#include <string.h>

#include "cpu_session.h"
#include "sigsafe/atomic.h"

enum { DEFAULT_RATE_HZ = 100, MAX_RATE_HZ = 10000 };

static _Atomic int rate_hz = DEFAULT_RATE_HZ;
static _Atomic int engine = CPROF_CPU_AUTO;

struct cp_cpu_options cp_cpu_defaults(void)
{
	return (struct cp_cpu_options){
			.rate_hz = load(&rate_hz, relaxed),
			.engine = (enum cprof_cpu_engine)load(&engine, relaxed),
	};
}

int cp_cpu_set_rate(int hz)
{
	if (hz < 1 || hz > MAX_RATE_HZ)
		return -EINVAL;
	if (cp_cpu_is_running())
		return -EBUSY;
	store(&rate_hz, hz, relaxed);
	return 0;
}

int cp_cpu_set_engine(enum cprof_cpu_engine wished)
{
	if ((unsigned)wished > CPROF_CPU_ITIMER)
		return -EINVAL;
	if (cp_cpu_is_running())
		return -EBUSY;
	store(&engine, (int)wished, relaxed);
	return 0;
}

static uint64_t count_cut(const struct cp_cpu_stats *stats)
{
	uint64_t n = 0;
	for (int i = 1; i < CP_MARKER_COUNT; i++)
		n += load(&stats->cut[i], relaxed);
	return n;
}

struct cp_cpu_health cp_cpu_health(void)
{
	struct cp_cpu_health h = {.is_running = cp_cpu_is_running()};
	const struct cp_cpu_session *s = cp_cpu_current();
	cp_lock_take(&cp_cpu_shared.lock);
	h.was_on = s->number > 0;
	h.rate_hz = s->options.rate_hz;
	h.samples = load(&s->stats.periods, relaxed);
	h.lost = s->stats.lost;
	h.cut = count_cut(&s->stats);
	h.unarmed = load(&cp_cpu_shared.unarmed, relaxed);
	h.blocked = load(&cp_cpu_shared.blocked, relaxed);
	memcpy(h.reason, s->switched[0] ? s->switched : s->reason, sizeof(h.reason));
	cp_lock_release(&cp_cpu_shared.lock);
	h.reason[sizeof(h.reason) - 1] = '\0';
	return h;
}
