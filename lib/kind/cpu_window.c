// SPDX-License-Identifier: MIT
// Context: CTL. Windows of the CPU profile: what an HTTP client that asks for some seconds gets. Each keeps
// the stacks' counts at its beginning in a value of its own, and writes what came since.
#include <errno.h>

#include "cpu_session.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "write/profile_out.h"

static int take_value(struct cp_cpu_session *s)
{
	for (int i = CP_CPU_FIRST_WINDOW; i < CP_STACKTAB_VALUES; i++) {
		if (s->window_values & 1u << i)
			continue;
		s->window_values |= 1u << i;
		return i;
	}
	return -EBUSY;
}

static void note_beginning(struct cp_stack *stack, void *arg)
{
	const struct cp_cpu_window *w = arg;
	store(&stack->values[w->value], load(&stack->values[CP_CPU_TOTAL], relaxed), relaxed);
}

int cp_cpu_window_open(const struct cp_cpu_options *options, struct cp_cpu_window *w)
{
	struct cp_cpu_session *s;
	int ret = cp_cpu_join(options, &s);
	if (ret < 0)
		return ret;
	cp_lock_take(&cp_cpu_shared.lock);
	*w = (struct cp_cpu_window){.session = s->number, .value = s->is_over ? -ECANCELED : take_value(s)};
	if (w->value >= 0) {
		cp_cpu_collect(s);
		w->lost = s->stats.lost;
		w->start_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
		w->start_realtime_ns = cp_clock_ns(CP_CLOCK_REALTIME);
		cp_stacktab_each(&s->stacks, note_beginning, w);
	}
	cp_lock_release(&cp_cpu_shared.lock);
	if (w->value < 0)
		cp_cpu_part(s, w->session);
	return w->value < 0 ? w->value : 0;
}

int cp_cpu_window_close(const struct cp_cpu_window *w, struct cprof_writer writer)
{
	struct cp_cpu_session *s = cp_cpu_current();
	struct cp_profile_out *out = NULL;
	int64_t duration_ns = 0;
	int ret = -ECANCELED;
	cp_lock_take(&cp_cpu_shared.lock);
	if (s->number == w->session && !s->is_over) {
		ret = 0;
		if (writer.write) {
			cp_cpu_collect(s);
			duration_ns = (int64_t)(cp_clock_ns(CP_CLOCK_MONOTONIC) - w->start_ns);
			ret = cp_cpu_output_window(s, w, writer, &out);
		}
		s->window_values &= ~(1u << w->value);
	}
	cp_lock_release(&cp_cpu_shared.lock);
	cp_cpu_part(s, w->session);
	return ret == 0 && out ? cp_profile_out_end(out, duration_ns) : ret;
}
