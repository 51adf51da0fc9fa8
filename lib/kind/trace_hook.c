// SPDX-License-Identifier: MIT
// Context: SIG. See trace_hook.h.
#include "trace_hook.h"

#include "format/tracewrite.h"
#include "sigsafe/futex.h"
#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/ticks.h"
#include "trace_thread_hook.h"

_Atomic unsigned cp_trace_mode;
struct cp_trace_shared cp_trace_shared;

/// Buffers

static void wake_keeper(void)
{
	if (exchange(&cp_trace_shared.wake, 1, relaxed) == 0)
		cp_futex_wake(&cp_trace_shared.wake, 1);
}

void cp_trace_hand_over(struct cp_trace_buffer *b)
{
	if (b->base_ticks < cp_trace_shared.start_ticks) { // its stacks are others by now
		cp_trace_pool_give(b, CP_TRACE_FREE);
		return;
	}
	if (!(load(&cp_trace_mode, relaxed) & CP_TRACE_STREAM)) {
		cp_trace_pool_give(b, CP_TRACE_KEPT);
		return;
	}
	cp_trace_pool_give(b, CP_TRACE_PENDING);
	if (fetch_add(&cp_trace_shared.npending, 1, relaxed) == cp_trace_pool_count() / 4)
		wake_keeper();
}

static void append(struct cp_trace_buffer *b, uint64_t now_ticks, enum trace_event_kind kind,
		const uint64_t *args, size_t nargs, const char *text, size_t nbytes)
{
	uint64_t progress = load(&b->progress, relaxed);
	uint64_t last = cp_trace_span_ticks(progress);
	// Counters of two processors may differ by a little.
	uint64_t ticks = now_ticks - b->base_ticks;
	if (now_ticks < b->base_ticks || ticks < last)
		ticks = last;
	uint8_t *at = b->bytes + cp_trace_used_bytes(progress);
	at = trace_put_event(at, kind, ticks - last, args, nargs);
	if (text)
		at = trace_put_text(at, text, nbytes);
	store(&b->progress, cp_trace_progress(ticks, (size_t)(at - b->bytes)), release);
}

/** A new buffer, begun with what could not be kept before. NULL: there is none. */
static __attribute__((noinline)) struct cp_trace_buffer *next_buffer(
		struct cp_trace_thread *t, uint64_t now_ticks)
{
	struct cp_trace_buffer *b = exchange(&t->buffer, NULL, acq_rel);
	if (b)
		cp_trace_hand_over(b);
	if (now_ticks < t->retry_ticks)
		return NULL;
	if (now_ticks < cp_trace_shared.start_ticks) // a wait that began just before the trace
		now_ticks = cp_trace_shared.start_ticks;
	b = cp_trace_pool_take((uint32_t)load(&t->tid, relaxed), now_ticks);
	if (!b) {
		t->retry_ticks = now_ticks + cp_trace_shared.ticks_per_ms;
		return NULL;
	}
	uint64_t lost = exchange(&t->lost, 0, relaxed);
	if (lost)
		append(b, now_ticks, TRACE_LOST, &lost, 1, NULL, 0);
	store(&t->buffer, b, release);
	return b;
}

static inline __attribute__((always_inline)) bool has_room(
		const struct cp_trace_buffer *b, uint64_t now_ticks, size_t nbytes)
{
	return b && cp_trace_used_bytes(load(&b->progress, relaxed)) + TRACE_EVENT_MAX_BYTES + nbytes <=
					CP_TRACE_BUFFER_BYTES &&
			now_ticks - b->base_ticks < cp_trace_shared.max_age_ticks;
}

static __attribute__((noinline)) void lose(struct cp_trace_thread *t)
{
	fetch_add(&t->lost, 1, relaxed);
	fetch_add(&cp_trace_shared.lost_events, 1, relaxed);
}

/// Events

/** t is busy. */
static inline __attribute__((always_inline)) void record(struct cp_trace_thread *t, uint64_t now_ticks,
		enum trace_event_kind kind, const uint64_t *args, size_t nargs, const char *text, size_t nbytes)
{
	struct cp_trace_buffer *b = load(&t->buffer, relaxed);
	if (__builtin_expect(!has_room(b, now_ticks, nbytes), 0))
		b = next_buffer(t, now_ticks);
	if (b)
		append(b, now_ticks, kind, args, nargs, text, nbytes);
	else
		lose(t);
}

static inline __attribute__((always_inline)) bool begin(struct cp_trace_thread *t)
{
	if (__builtin_expect(!t || load(&t->busy, relaxed), 0)) {
		if (t && !cp_trace_is_nobody(t))
			lose(t);
		return false;
	}
	store(&t->busy, true, relaxed);
	atomic_signal_fence(memory_order_seq_cst); // for processors, membarrier sees to it
	if (load(&cp_trace_mode, relaxed))
		return true;
	store(&t->busy, false, release);
	return false;
}

static inline void end(struct cp_trace_thread *t)
{
	store(&t->busy, false, release);
}

void cp_trace_event(enum trace_event_kind kind, const uint64_t *args, size_t nargs)
{
	cp_trace_text_event(kind, args, nargs, NULL, 0);
}

void cp_trace_text_event(enum trace_event_kind kind, const uint64_t *args, size_t nargs, const char *text,
		size_t nbytes)
{
	if (!cp_trace_is_on())
		return;
	struct cp_trace_thread *t = cp_trace_self();
	if (!begin(t))
		return;
	record(t, cp_ticks_now(), kind, args, nargs, text,
			nbytes < CP_TRACE_MAX_TEXT_BYTES ? nbytes : CP_TRACE_MAX_TEXT_BYTES);
	end(t);
}

void cp_trace_process_event(enum trace_event_kind kind, const uint64_t *args, size_t nargs, const char *text,
		size_t nbytes)
{
	struct cp_trace_thread *t = cp_trace_thread_at(CP_TRACE_PROCESS);
	if (!begin(t))
		return;
	record(t, cp_ticks_now(), kind, args, nargs, text,
			nbytes < CP_TRACE_MAX_TEXT_BYTES ? nbytes : CP_TRACE_MAX_TEXT_BYTES);
	end(t);
}

void cp_trace_stack_event(uint64_t ticks, enum trace_event_kind kind, uint64_t *args, size_t nargs,
		const uintptr_t *pcs, uint32_t npcs)
{
	struct cp_trace_thread *t = cp_trace_self();
	if (!begin(t))
		return;
	args[nargs - 1] = cp_trace_stack(pcs, npcs, cp_labels_current_id(load(&t->tid, relaxed)));
	record(t, ticks, kind, args, nargs, NULL, 0);
	end(t);
}

void cp_trace_region(enum trace_event_kind kind, uint64_t task, uint32_t type)
{
	struct cp_trace_thread *t = cp_trace_self();
	if (!begin(t))
		return;
	const uint64_t args[] = {task, type};
	record(t, cp_ticks_now(), kind, args, 2, NULL, 0);
	end(t);
}

void cp_trace_cpu_sample(int tid, uint64_t cpu_ns, const uintptr_t *pcs, uint32_t npcs)
{
	struct cp_trace_thread *t = cp_trace_self();
	// A thread of a raw clone() may stand on another one's thread-local storage.
	if (t && cp_trace_is_nobody(t))
		return;
	if (!t || load(&t->tid, relaxed) != tid || load(&t->busy, relaxed) || !begin(t)) {
		fetch_add(&cp_trace_shared.lost_samples, 1, relaxed);
		return;
	}
	const uint64_t args[] = {cpu_ns, cp_trace_stack(pcs, npcs, cp_labels_current_id(tid))};
	record(t, cp_ticks_now(), TRACE_CPU_SAMPLE, args, 2, NULL, 0);
	end(t);
}

/// Tables

uint32_t cp_trace_stack(const uintptr_t *pcs, uint32_t npcs, uint32_t labels_id)
{
	const struct cp_interned_entry *e = cp_interned_add(&cp_trace_shared.stacks,
			cp_trace_stack_head(cp_modmap_epoch_of(pcs, npcs), labels_id), pcs, npcs * sizeof(*pcs));
	return e ? e->id : 0;
}

// A program has few names, and each has its place: where it was last seen leads to what it was.
enum { NAME_PLACES = 256 };
static _Atomic(const struct cp_interned_entry *) names_at[NAME_PLACES];

static bool is_name(const struct cp_interned_entry *e, const char *text)
{
	uint32_t i = 0;
	while (i < e->nbytes && text[i] && (uint8_t)text[i] == e->bytes[i])
		i++;
	return i == e->nbytes && text[i] == '\0';
}

uint32_t cp_trace_string(const char *text)
{
	_Atomic(const struct cp_interned_entry *) *place =
			&names_at[((uintptr_t)text ^ (uintptr_t)text >> 8) % NAME_PLACES];
	const struct cp_interned_entry *e = load(place, acquire);
	if (e && is_name(e, text))
		return e->id;
	size_t len = 0;
	while (len < CP_TRACE_MAX_TEXT_BYTES && text[len])
		len++;
	e = cp_interned_add(&cp_trace_shared.strings, 0, text, len);
	if (!e)
		return cp_trace_shared.no_room;
	store(place, e, release);
	return e->id;
}
