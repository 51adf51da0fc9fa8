// SPDX-License-Identifier: MIT
// Context: CTL, the collector. Moves the ticks of each thread within their period, so that they keep step with nothing.
//
// A program whose rounds last a period of CPU time, or a fraction of one, would else be met at one place of all of
// them. To draw each tick anew the handler would need a system call, which a sandboxed thread may not be allowed; so
// it is done at the collector's turns, and only for threads that have ticked since the last. One that has not may have
// nothing left to tick by: daemons close all descriptors, those of perf events, too.
#include "cpu_session.h"
#include "sigsafe/atomic.h"
#include "sigsafe/modmap.h"
#include "task_info.h"

enum { MAX_LOOKS = 32 }; // in a turn: each is two system calls, and most threads of a large server sleep

static bool has_ticked_since(const struct cp_thread *t)
{
	return load(&t->ticks, relaxed) != t->moved_at;
}

static bool is_gone(const struct cp_thread *t)
{
	const struct cp_cpu_engine *engine = t->engine;
	return engine && engine->is_gone && engine->is_gone(t);
}

/** Whom a sandbox has caught may be killed for a call it has not made before. */
static bool is_confined(void)
{
	struct cp_task_status status;
	return cp_task_read_status(cp_gettid(), &status) < 0 || status.is_confined;
}

static void arm_anew(struct cp_cpu_session *s, struct cp_thread *t)
{
	struct cp_cpu_leftover left;
	cp_cpu_arm_anew(t, &left);
	if (left.weight > 0)
		cp_cpu_add(s, left.pcs, left.npcs, cp_modmap_epoch_of(left.pcs, left.npcs), 0, left.weight);
}

/** Of a thread that is claimed. */
static void move(struct cp_cpu_session *s, struct cp_thread *t)
{
	if (!has_ticked_since(t) && is_gone(t)) {
		arm_anew(s, t);
		return;
	}
	t->moved_at = load(&t->ticks, relaxed);
	if (t->engine->move)
		t->engine->move(t);
	store(&t->state, CP_THREAD_ARMED, release);
}

void cp_cpu_phases_move(struct cp_cpu_session *s)
{
	bool is_known = false; // asked once, and before a thread is held, which others may wait for
	uint32_t limit = cp_thread_limit();
	for (uint32_t i = 1; i < limit && !s->is_confined; i++) {
		struct cp_thread *t = cp_thread_at(i);
		bool is_looked_for = (i + limit - s->next_look) % limit < MAX_LOOKS;
		if (load(&t->state, acquire) != CP_THREAD_ARMED ||
				(!has_ticked_since(t) && !(is_looked_for && is_gone(t))))
			continue;
		s->is_confined = !is_known && is_confined();
		is_known = true;
		// Else its end is under way.
		if (!s->is_confined && cp_thread_claim(t, CP_THREAD_ARMED, CP_THREAD_MOVING))
			move(s, t);
	}
	s->next_look = limit > MAX_LOOKS ? (s->next_look + MAX_LOOKS) % limit : 0;
}
