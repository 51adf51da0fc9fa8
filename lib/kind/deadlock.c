// SPDX-License-Identifier: MIT
// Context: CTL. See deadlock.h.
//
// Each thread that waits for a mutex, a read-write lock or another thread's end leads to those without whom it cannot
// go on: who holds it, or, where that is to read, each who does. glibc does not know these; where lock sites are noted
// (held_hook.h), they are believed if they hold it as often as glibc counts. A reader whom a lock that prefers writers
// holds back cannot go on without those who wait to write. Whoever comes back to himself is in a
// circle. The threads are looked at one after the other, so what was seen may never have been true at once. So a circle
// is believed when none of its threads has run between two looks, and each of them leads on as before after the first:
// then all of them wait, at the same moment, for each other. A wait with a time limit is none.
#include "deadlock.h"

#include <errno.h>

#include "held_hook.h"
#include "lock_wait.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "write/grow.h"
#include "write/hash.h"

enum {
	MAX_LOOKS = 20, // those that were just asked for their stacks are on their way back to sleep
	PAUSE_MS = 1,
	FUTEX_TIMEOUT_ARG = 3,
	MAX_HOLDERS = 64, // of more nothing is said
};

/** Without whom a thread cannot go on. */
struct holders {
	int tids[MAX_HOLDERS];
	uint32_t n;
};

static void add_holder(int tid, void *arg)
{
	struct holders *h = arg;
	if (h->n < MAX_HOLDERS)
		h->tids[h->n] = tid;
	h->n++;
}

/** Whom readers let go first. */
static void add_waiting_writers(const struct cp_threads_snapshot *s, uintptr_t rwlock, struct holders *out)
{
	for (size_t i = 0; i < s->nthreads; i++) {
		const struct cp_thread_seen *t = &s->threads[i];
		struct cp_lock_wait wait;
		if (t->is_gone || t->is_caller || !cp_lock_wait_of(s, t, &wait))
			continue;
		if (wait.rwlock == rwlock && wait.nreads)
			add_holder(t->tid, out);
	}
}

static void find_holders(const struct cp_threads_snapshot *s, const struct cp_lock_wait *wait, struct holders *out)
{
	out->n = 0;
	if (wait->owner_tid)
		add_holder(wait->owner_tid, out);
	else if (wait->is_behind_writer)
		add_waiting_writers(s, wait->rwlock, out);
	else if (wait->nreads && cp_held_readers(wait->rwlock, add_holder, out) != wait->nreads)
		out->n = 0; // not all of them were noted, or somebody released another's
	if (out->n > MAX_HOLDERS)
		out->n = 0;
}

static bool is_holder(const struct holders *h, int tid)
{
	for (uint32_t i = 0; i < h->n; i++) {
		if (h->tids[i] == tid)
			return true;
	}
	return false;
}

/** t as it is now; false: it does not wait for the lock it was seen waiting for. */
static bool look(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, uint64_t *nswitches_out,
		struct cp_lock_wait *wait_out)
{
	struct cp_thread_seen now = *t;
	if (cp_task_read_status(t->tid, &now.status) < 0 || now.status.state != 'S')
		return false;
	cp_task_read_syscall(t->tid, &now.call);
	*nswitches_out = now.status.nswitches;
	return now.call.args[0] == t->call.args[0] && now.call.args[FUTEX_TIMEOUT_ARG] == 0 &&
	       cp_lock_wait_of(s, &now, wait_out);
}

static struct cp_thread_seen *find(const struct cp_threads_snapshot *s, int tid)
{
	for (size_t i = 0; i < s->nthreads; i++) {
		if (s->threads[i].tid == tid)
			return &s->threads[i];
	}
	return NULL;
}

/// Circles

struct step {
	const struct cp_thread_seen *thread;
	size_t from; // the step that led here
};

/** The shortest ways from a thread, and behind them a circle, each thread of which is held up by the next. Zero it to
 *  start. */
struct circle {
	struct step *steps;
	size_t n, cap_bytes;
	size_t length; // 0: there is none
};

static const struct cp_thread_seen *member(const struct circle *c, size_t i)
{
	return c->steps[c->n + i % c->length].thread;
}

static void add_step(struct circle *c, const struct cp_thread_seen *t, size_t from)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->steps[i].thread == t)
			return;
	}
	if (cp_grow(&c->steps, &c->cap_bytes, (c->n + 1) * sizeof(*c->steps)))
		c->steps[c->n++] = (struct step){t, from};
}

/** Steps from the i-th; true: one led back to the first. */
static bool step_on(const struct cp_threads_snapshot *s, struct circle *c, size_t i)
{
	const struct cp_thread_seen *t = c->steps[i].thread;
	struct cp_lock_wait wait;
	struct holders holders;
	if (t->is_gone || t->is_caller || !cp_lock_wait_of(s, t, &wait))
		return false;
	find_holders(s, &wait, &holders);
	if (is_holder(&holders, c->steps[0].thread->tid))
		return true;
	for (uint32_t k = 0; k < holders.n; k++) {
		const struct cp_thread_seen *holder = find(s, holders.tids[k]);
		if (holder)
			add_step(c, holder, i);
	}
	return false;
}

/** Leaves in c the circle that t is in. */
static void find_circle(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, struct circle *c)
{
	c->n = c->length = 0;
	add_step(c, t, 0);
	for (size_t i = 0; i < c->n; i++) {
		if (!step_on(s, c, i))
			continue;
		size_t length = 1;
		for (size_t at = i; at != 0; at = c->steps[at].from)
			length++;
		if (!cp_grow(&c->steps, &c->cap_bytes, (c->n + length) * sizeof(*c->steps)))
			return;
		c->length = length;
		for (size_t at = i; length-- > 0; at = c->steps[at].from)
			c->steps[c->n + length] = c->steps[at];
		return;
	}
}

/** Once round the circle: who is in it and how often each has gone to sleep, in one number. 0: somebody in it does not
 *  wait for the next. */
static uint64_t go_round(const struct cp_threads_snapshot *s, const struct circle *c)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < c->length; i++) {
		const struct cp_thread_seen *t = member(c, i), *next = member(c, i + 1);
		struct cp_lock_wait wait;
		struct holders holders;
		uint64_t nswitches;
		if (!look(s, t, &nswitches, &wait))
			return 0;
		find_holders(s, &wait, &holders);
		if (!is_holder(&holders, next->tid))
			return 0;
		sum = cp_hash_mix(sum ^ nswitches ^ (uint64_t)t->tid << 32);
	}
	return sum;
}

static bool is_circle_still(const struct cp_threads_snapshot *s, const struct circle *c)
{
	uint64_t before = go_round(s, c);
	return before && go_round(s, c) == before;
}

/// Owners that are gone

static bool is_owner_gone_still(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t)
{
	struct cp_lock_wait wait;
	uint64_t nswitches;
	return look(s, t, &nswitches, &wait) && wait.is_owner_gone;
}

static void pause_a_moment(void)
{
	_Atomic uint32_t nobody = 0;
	cp_futex_wait(&nobody, 0, PAUSE_MS * CP_NS_PER_MS);
}

static bool is_stuck(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t, struct circle *c)
{
	struct cp_lock_wait wait;
	find_circle(s, t, c);
	if (!c->length && (t->is_gone || t->is_caller || !cp_lock_wait_of(s, t, &wait) || !wait.is_owner_gone))
		return false;
	for (int looks = 0; looks < MAX_LOOKS; looks++) {
		if (c->length ? is_circle_still(s, c) : is_owner_gone_still(s, t))
			return true;
		pause_a_moment();
	}
	return false;
}

uint32_t cp_deadlock_find(struct cp_threads_snapshot *s)
{
	struct circle circle = {0};
	uint32_t count = 0;
	for (size_t i = 0; i < s->nthreads; i++) {
		s->threads[i].is_stuck = is_stuck(s, &s->threads[i], &circle);
		count += s->threads[i].is_stuck;
	}
	cp_grow_free(&circle.steps, &circle.cap_bytes);
	return count;
}
