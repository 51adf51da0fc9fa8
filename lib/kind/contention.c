// SPDX-License-Identifier: MIT
// Context: CTL. See contention.h. What the hooks count is unsampled already: it is only written here.
#include "contention.h"

#include <errno.h>

#include "contention_hook.h"
#include "contention_text.h"
#include "sigsafe/modmap.h"
#include "sigsafe/unwind.h"
#include "target.h"
#include "waiters_hook.h"
#include "write/labels_out.h"
#include "write/profile_out.h"

enum { STACK_BUCKETS = 1 << 12, TABLE_LIMIT_BYTES = 256 << 20 /* of address space */ };

// A fraction of 2^16 times the longest waits must fit an int64_t.
static const int64_t MAX_SAMPLING = (int64_t)1 << 40;

static struct cp_contention *const state[] = {&cp_block, &cp_mutex, &cp_calls};
static const char *const counted[] = {"contentions", "contentions", "calls"};
static const struct {
	_Atomic unsigned *mode;
	unsigned bit;
} switches[] = {
	{&cp_contention_mode, CP_CONTENTION_BLOCK},
	{&cp_contention_mode, CP_CONTENTION_MUTEX},
	{&cp_calls_mode, CP_CALLS_PROFILE},
};

static int make_ready(struct cp_contention *c)
{
	if (load(&c->is_ready, relaxed))
		return 0;
	int rc = cp_unwind_init();
	if (rc == 0)
		rc = cp_modmap_refresh();
	if (rc == 0)
		rc = cp_stacktab_init(&c->stacks, STACK_BUCKETS, TABLE_LIMIT_BYTES);
	if (rc == 0)
		store(&c->is_ready, true, release);
	return rc;
}

int64_t cp_contention_set_sampling(enum cp_contention_kind kind, int64_t sampling)
{
	struct cp_contention *c = state[kind];
	if (sampling < 0 || sampling > MAX_SAMPLING)
		return -EINVAL;
	cp_lock_take(&cp_contention_changes);
	int64_t result = sampling ? make_ready(c) : 0;
	if (result == 0) {
		result = (int64_t)exchange(&c->sampling, (uint64_t)sampling, relaxed);
		if (sampling)
			atomic_fetch_or(switches[kind].mode, switches[kind].bit);
		else
			atomic_fetch_and(switches[kind].mode, ~switches[kind].bit);
	}
	cp_lock_release(&cp_contention_changes);
	return result;
}

int64_t cp_contention_sampling(enum cp_contention_kind kind)
{
	return (int64_t)load(&state[kind]->sampling, relaxed);
}

struct emission {
	struct cp_profile_out *out;
	int rc;
};

static void emit(struct cp_stack *s, void *arg)
{
	struct emission *e = arg;
	struct cp_contention_values v = cp_contention_values(s);
	const int64_t values[] = {v.count, v.delay_ns};
	struct cp_label labels[CP_LABELS_MAX];
	uint32_t nlabels = cp_labels_out((uint32_t)s->tag, labels);
	if (v.count && e->rc == 0)
		e->rc = cp_profile_out_sample(e->out, s->pcs, s->npcs, s->epoch, values, labels, nlabels);
}

struct cp_contention_values cp_contention_values(const struct cp_stack *s)
{
	int64_t count_q16 = load(&s->values[CP_CONTENTION_COUNT_Q16], relaxed);
	struct cp_contention_values v = {count_q16 >> 16, load(&s->values[CP_CONTENTION_DELAY_NS], relaxed)};
	if (v.count == 0 && count_q16 > 0)
		v.count = 1;
	return v;
}

static void comment(struct cp_profile_out *out, enum cp_contention_kind kind)
{
	static const struct {
		const char *name, *function, *flag;
	} kinds[] = {
		{"block", "cprof_set_block_profile_rate()", "-blockprofile"},
		{"mutex", "cprof_set_mutex_profile_fraction()", "-mutexprofile"},
		{"syscall", "cprof_set_syscall_profile_rate()", "-syscallprofile"},
	};
	if (cp_contention_sampling(kind) == 0)
		cp_profile_out_comment(out, "cprof: the %s profile is off: %s or cprof run %s switches it on",
				kinds[kind].name, kinds[kind].function, kinds[kind].flag);
	if (kind == CP_KIND_MUTEX && cp_waiters_lost())
		cp_profile_out_comment(out, "cprof: waits not charged for want of memory: %llu",
				(unsigned long long)cp_waiters_lost());
}

static int write_proto(enum cp_contention_kind kind, struct cprof_writer writer)
{
	const struct cp_profile_spec spec = {
		.sample_types = {{counted[kind], "count"}, {"delay", "nanoseconds"}},
		.nsample_types = 2,
		.period_type = {counted[kind], "count"},
		.period = 1,
		.time_ns = (int64_t)cp_clock_ns(CP_CLOCK_REALTIME),
	};
	struct emission e = {0};
	e.rc = cp_profile_out_begin(&e.out, &spec, writer);
	if (e.rc != 0)
		return e.rc;
	cp_stacktab_each(&state[kind]->stacks, emit, &e);
	comment(e.out, kind);
	if (e.rc == 0)
		return cp_profile_out_end(e.out, 0);
	cp_profile_out_abandon(e.out);
	return e.rc;
}

static int write_now(enum cp_contention_kind kind, struct cprof_writer writer, int debug)
{
	struct cp_target target;
	int rc = cp_target_open(&target, writer);
	if (rc != 0)
		return rc;
	if (debug)
		rc = cp_contention_write_text(&state[kind]->stacks, kind == CP_KIND_MUTEX, target.writer);
	else
		rc = write_proto(kind, target.writer);
	return cp_target_end(&target, rc);
}

int cp_contention_write(enum cp_contention_kind kind, struct cprof_writer writer, int debug)
{
	cp_modmap_refresh();
	return write_now(kind, writer, debug);
}

uint64_t cp_contention_count(enum cp_contention_kind kind)
{
	return load(&state[kind]->stacks.count, relaxed);
}

static void look_for_values(struct cp_stack *s, void *arg)
{
	bool *is_empty = arg;
	*is_empty = *is_empty && cp_contention_values(s).count == 0;
}

bool cp_contention_is_empty(enum cp_contention_kind kind)
{
	bool is_empty = kind != CP_KIND_MUTEX || cp_waiters_lost() == 0;
	if (cp_contention_count(kind) > 0)
		cp_stacktab_each(&state[kind]->stacks, look_for_values, &is_empty);
	return is_empty;
}
