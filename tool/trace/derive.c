// SPDX-License-Identifier: MIT
// From spans to samples (see derive.h): a sample a stack and its labels, with how often and how long.
#include "derive.h"

#include <stdlib.h>

#include "base/mem.h"

const char *const derive_names[DERIVE_NKINDS] = {"sync", "syscall", "net", "sched"};

struct sum {
	int64_t n, ns;
};

// What of the span counts for the profile, < 0: nothing.
static int64_t share(const struct timeline_span *s, enum derive_kind kind)
{
	int64_t wait_ns = timeline_wait_end(s) - s->begin_ns;
	switch (kind) {
	case DERIVE_SYNC:
		return s->state == STATE_LOCK || s->state == STATE_WAITING ? wait_ns : -1;
	case DERIVE_SYSCALL:
		return s->state == STATE_SYSCALL || s->state == STATE_SLEEP ? wait_ns : -1;
	case DERIVE_NET:
		return s->state == STATE_NETWORK ? wait_ns : -1;
	default:
		return s->waker != NO_INDEX && s->woken_ns < s->end_ns ? s->end_ns - s->woken_ns : -1;
	}
}

static struct sum *sum_stacks(const struct timeline *t, enum derive_kind kind)
{
	struct sum *sums = mem_zeroed(t->nstacks, sizeof(*sums));
	for (uint32_t i = 0; i < t->nspans; i++) {
		const struct timeline_span *s = &t->spans[i];
		int64_t ns = share(s, kind);
		if (ns < 0)
			continue;
		sums[s->stack].n++;
		sums[s->stack].ns = timeline_sum(sums[s->stack].ns, ns);
	}
	return sums;
}

static void put_header(struct timeline *t)
{
	struct profile *p = t->symbols;
	struct value_type types[] = {
			{profile_intern(p, STR("contentions")), profile_intern(p, STR("count"))},
			{profile_intern(p, STR("delay")), profile_intern(p, STR("nanoseconds"))},
	};
	profile_set_sample_types(p, types, 2);
	p->default_sample_type = types[1].type;
	p->period_type = types[0];
	p->has_period_type = true;
	p->period = 1;
	p->time_nanos = t->start_unix_ns;
	p->duration_nanos = t->end_ns;
	for (uint32_t i = 0; i < t->nnotes; i++)
		profile_add_comment(p, timeline_str(t, t->notes[i]));
}

void derive_profile(struct timeline *t, enum derive_kind kind)
{
	struct sum *sums = sum_stacks(t, kind);
	put_header(t);
	for (uint32_t i = 0; i < t->nstacks; i++) {
		int64_t values[] = {sums[i].n, sums[i].ns};
		if (sums[i].n)
			profile_add_sample(t->symbols, timeline_frames(t, i), t->stacks[i].n, values,
					t->stacks[i].label_set);
	}
	free(sums);
}
