// SPDX-License-Identifier: MIT
// Context: CTL. See deadlock.h.
//
// Each thread that waits for a mutex, or for a read-write lock held to write, leads to the one that holds it: whoever
// comes back to himself is in a circle. The threads are looked at one after the other, so what was seen may never have
// been true at once. So a circle is believed when none of its threads has run between two looks, and each of them leads
// on as before after the first: then all of them wait, at the same moment, for each other. A wait with a time limit is
// none.
#include "deadlock.h"

#include <errno.h>

#include "lock_wait.h"
#include "sigsafe/clock.h"
#include "sigsafe/futex.h"
#include "write/hash.h"

enum {
	MAX_LOOKS = 20, // those that were just asked for their stacks are on their way back to sleep
	PAUSE_MS = 1,
	FUTEX_TIMEOUT_ARG = 3,
};

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
	       cp_lock_wait_of(s, &now, wait_out) && wait_out->owner_tid != 0;
}

static struct cp_thread_seen *find(const struct cp_threads_snapshot *s, int tid)
{
	for (size_t i = 0; i < s->nthreads; i++) {
		if (s->threads[i].tid == tid)
			return &s->threads[i];
	}
	return NULL;
}

/** The thread that t waits for; NULL: there is none. */
static struct cp_thread_seen *next_of(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t)
{
	struct cp_lock_wait wait;
	if (t->is_gone || t->is_caller || !cp_lock_wait_of(s, t, &wait) || wait.owner_tid == 0)
		return NULL;
	return find(s, wait.owner_tid);
}

/** How many threads the circle has that t is in; 0: it is in none. */
static size_t circle_of(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t)
{
	const struct cp_thread_seen *at = t;
	for (size_t n = 1; n <= s->nthreads; n++) {
		at = next_of(s, at);
		if (at == t || !at)
			return at ? n : 0;
	}
	return 0;
}

/** Once round the circle: who is in it and how often each has gone to sleep, in one number. 0: it is none, or
 *  somebody in it does not wait. */
static uint64_t go_round(const struct cp_threads_snapshot *s, const struct cp_thread_seen *first, size_t n)
{
	const struct cp_thread_seen *t = first;
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++) {
		struct cp_lock_wait wait;
		uint64_t nswitches;
		const struct cp_thread_seen *next;
		if (!look(s, t, &nswitches, &wait) || !(next = find(s, wait.owner_tid)))
			return 0;
		sum = cp_hash_mix(sum ^ nswitches ^ (uint64_t)t->tid << 32);
		t = next;
	}
	return t == first ? sum : 0;
}

static bool is_circle_still(const struct cp_threads_snapshot *s, const struct cp_thread_seen *first, size_t n)
{
	uint64_t before = go_round(s, first, n);
	return before && go_round(s, first, n) == before;
}

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

static bool is_stuck(const struct cp_threads_snapshot *s, const struct cp_thread_seen *t)
{
	struct cp_lock_wait wait;
	size_t n = circle_of(s, t);
	if (n == 0 && (t->is_gone || t->is_caller || !cp_lock_wait_of(s, t, &wait) || !wait.is_owner_gone))
		return false;
	for (int looks = 0; looks < MAX_LOOKS; looks++) {
		if (n ? is_circle_still(s, t, n) : is_owner_gone_still(s, t))
			return true;
		pause_a_moment();
	}
	return false;
}

uint32_t cp_deadlock_find(struct cp_threads_snapshot *s)
{
	uint32_t count = 0;
	for (size_t i = 0; i < s->nthreads; i++) {
		s->threads[i].is_stuck = is_stuck(s, &s->threads[i]);
		count += s->threads[i].is_stuck;
	}
	return count;
}
