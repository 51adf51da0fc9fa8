// SPDX-License-Identifier: MIT
// Context: CTL. See recording.h. The CPU profile is a recording with a beginning and an end; the others
// are states that are written at the end, after it, so that it has none of the writing.
#include "recording.h"

#include "interpose/leave.h"
#include "kind/contention.h"
#include "kind/cpu.h"
#include "kind/heap.h"
#include "kind/heap_hook.h"
#include "kind/own_stack.h"
#include "kind/signal_hook.h"
#include "kind/target.h"
#include "kind/threadcreate.h"
#include "kind/threads.h"
#include "kind/trace.h"
#include "kind/wall.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/sys.h"
#include "sigsafe/unwind.h"
#include "write/grow.h"
#include "write/profile_out.h"

enum { MAX_STOP_MS = 10000 };

/// On

static int start_cpu(const struct cp_recording *r, const struct cp_record *record)
{
	const struct cp_cpu_options options = {
			.rate_hz = (int)record->rate,
			.engine = r->engine,
			.checkpoint = true,
			.skip_empty = r->skip_empty,
	};
	return cp_cpu_start(&options, cprof_to_path(r->paths[CP_RECORD_CPU]));
}

static bool is_contention(enum cp_record_kind kind)
{
	return kind == CP_RECORD_BLOCK || kind == CP_RECORD_MUTEX || kind == CP_RECORD_SYSCALL;
}

static enum cp_contention_kind contention_of(enum cp_record_kind kind)
{
	return kind == CP_RECORD_BLOCK ? CP_KIND_BLOCK : kind == CP_RECORD_MUTEX ? CP_KIND_MUTEX : CP_KIND_SYSCALL;
}

static int set_contention(struct cp_record *record, enum cp_contention_kind kind)
{
	int64_t before = cp_contention_set_sampling(kind, record->rate);
	if (before < 0)
		return (int)before;
	record->rate_before = before;
	return 0;
}

static int set_heap_rate(struct cp_record *record)
{
	record->rate_before = cp_heap_rate();
	return cp_heap_set_rate(record->rate);
}

static int switch_on(struct cp_recording *r, enum cp_record_kind kind)
{
	struct cp_record *record = &r->records[kind];
	switch (kind) {
	case CP_RECORD_CPU:
		return start_cpu(r, record);
	case CP_RECORD_HEAP:
	case CP_RECORD_ALLOCS:
		return set_heap_rate(record);
	case CP_RECORD_BLOCK:
	case CP_RECORD_MUTEX:
	case CP_RECORD_SYSCALL:
		return set_contention(record, contention_of(kind));
	case CP_RECORD_THREADS:
		cp_threads_reserve_signal(); // else those that block all signals have no stacks at the end
		return 0;
	case CP_RECORD_WALL:
		return cp_wall_start((int)record->rate);
	case CP_RECORD_TRACE:
		return cp_trace_start(cprof_to_path(r->paths[kind]));
	case CP_RECORD_THREADCREATE:
		return cp_threadcreate_start();
	default:
		return 0;
	}
}

/** So that an error is known when it can still be mended. */
static int probe_path(const char *path)
{
	struct cp_target target;
	int ret = cp_target_init(&target, cprof_to_path(path));
	if (ret == 0)
		cp_target_drop(&target);
	return ret;
}

static void restore_rate(const struct cp_record *record, enum cp_record_kind kind)
{
	if (kind == CP_RECORD_HEAP || kind == CP_RECORD_ALLOCS)
		cp_heap_set_rate(record->rate_before);
	else if (is_contention(kind))
		cp_contention_set_sampling(contention_of(kind), record->rate_before);
	else if (kind == CP_RECORD_WALL) // unless it was written
		cp_wall_stop((struct cprof_writer){0});
	else if (kind == CP_RECORD_TRACE)
		cp_trace_stop();
}

/** In the order that undoes cp_recording_start(): heap and allocs have one rate between them. */
static void forget(struct cp_recording *r, uint32_t kinds)
{
	for (int kind = 0; kind < CP_RECORD_KINDS; kind++) {
		if (!(kinds & 1u << kind))
			continue;
		if (r->records[kind].owner_pid == cp_getpid())
			restore_rate(&r->records[kind], (enum cp_record_kind)kind);
		r->records[kind].owner_pid = 0;
	}
}

int cp_recording_start(struct cp_recording *r, uint32_t kinds)
{
	// The CPU profile is the last: nothing is left to fail then.
	for (int kind = CP_RECORD_KINDS; kind-- > 0;) {
		struct cp_record *record = &r->records[kind];
		record->error = 0;
		record->has_checkpoint = false;
		if (!(kinds & 1u << kind) || !r->paths[kind])
			continue;
		if (kind != CP_RECORD_CPU) // which looks itself
			record->error = probe_path(r->paths[kind]);
		if (record->error == 0)
			record->error = switch_on(r, (enum cp_record_kind)kind);
		if (record->error < 0) {
			forget(r, kinds);
			return record->error;
		}
		record->owner_pid = cp_getpid();
	}
	return 0;
}

/// Off

static int stop_cpu(void)
{
	return cp_cpu_is_recorded() ? cp_cpu_stop() : 0; // the program may have ended it, and begun one of its own
}

static int write_state(enum cp_record_kind kind, struct cprof_writer writer)
{
	switch (kind) {
	case CP_RECORD_HEAP:
		return cp_heap_write(CP_HEAP_VIEW_HEAP, writer, 0);
	case CP_RECORD_ALLOCS:
		return cp_heap_write(CP_HEAP_VIEW_ALLOCS, writer, 0);
	case CP_RECORD_BLOCK:
	case CP_RECORD_MUTEX:
	case CP_RECORD_SYSCALL:
		return cp_contention_write(contention_of(kind), writer, 0);
	case CP_RECORD_WALL:
		return cp_wall_stop(writer);
	case CP_RECORD_TRACE:
		return cp_trace_stop();
	case CP_RECORD_THREADCREATE:
		return cp_threadcreate_write(writer, 0);
	default:
		return cp_threads_write(writer, 0);
	}
}

/** Most processes' other profiles stay empty, and a file costs what a heap does: 0.3 ms. */
static bool has_content(enum cp_record_kind kind)
{
	if (kind == CP_RECORD_HEAP || kind == CP_RECORD_ALLOCS)
		return cp_heap_count() + cp_heap_lost() > 0 || cp_heap_blindness();
	if (is_contention(kind))
		return !cp_contention_is_empty(contention_of(kind));
	return kind != CP_RECORD_THREADCREATE || cp_threadcreate_count() > 0;
}

/** It is on in this process, which writes it. */
static bool is_due(const struct cp_recording *r, enum cp_record_kind kind)
{
	return r->records[kind].owner_pid == cp_getpid() && (!r->leaves_empty_out || has_content(kind));
}

/** What goes on until it is stopped, and would see the others being written. */
static bool is_sampler(enum cp_record_kind kind)
{
	return kind == CP_RECORD_CPU || kind == CP_RECORD_WALL || kind == CP_RECORD_TRACE;
}

static int stop_those(struct cp_recording *r, bool samplers)
{
	int first_error = 0;
	for (int kind = 0; kind < CP_RECORD_KINDS; kind++) {
		struct cp_record *record = &r->records[kind];
		if (!is_due(r, (enum cp_record_kind)kind) || is_sampler((enum cp_record_kind)kind) != samplers)
			continue;
		record->error = kind == CP_RECORD_CPU
				? stop_cpu()
				: write_state((enum cp_record_kind)kind, cprof_to_path(r->paths[kind]));
		first_error = first_error ? first_error : record->error;
	}
	return first_error;
}

static int stop(struct cp_recording *r)
{
	if (r->records[CP_RECORD_WALL].owner_pid == cp_getpid())
		cp_wall_leave();
	int of_samplers = stop_those(r, true), of_others = stop_those(r, false);
	forget(r, UINT32_MAX);
	return of_samplers ? of_samplers : of_others;
}

/** Between one profile and the next. It goes from thread to thread then, which ThreadSanitizer would not see. */
static void keep_memory(bool is_kept)
{
	if (cp_heap.sanitizer)
		return;
	if (is_kept)
		cp_grow_keep();
	else
		cp_grow_give_back();
}

static bool try_take(struct cp_recording *r)
{
	uint32_t pid = (uint32_t)cp_getpid(), other = load(&r->writer_pid, relaxed);
	if (other == pid || !compare_exchange(&r->writer_pid, &other, pid, acquire))
		return false;
	keep_memory(true);
	return true;
}

static void let_others(struct cp_recording *r)
{
	store(&r->writer_pid, 0, release);
	cp_futex_wake(&r->writer_pid, INT32_MAX);
}

static void release(struct cp_recording *r)
{
	keep_memory(false);
	let_others(r);
}

int cp_recording_stop(struct cp_recording *r)
{
	uint64_t mask = cp_signal_block_app();
	while (!try_take(r))
		cp_futex_wait(&r->writer_pid, (uint32_t)cp_getpid(), CP_FUTEX_FOREVER);
	int ret = stop(r);
	release(r);
	cp_sigmask_restore(mask);
	return ret;
}

bool cp_recording_keeps_none_open(const struct cp_recording *r)
{
	const char *cpu = r->paths[CP_RECORD_CPU], *trace = r->paths[CP_RECORD_TRACE];
	return !(cpu && cp_target_is_kept_open(cpu)) && !(trace && cp_target_is_kept_open(trace));
}

/// Meanwhile

/** False: not there, or it is no file. */
static bool write_checkpoint(enum cp_record_kind kind, const char *path)
{
	struct cp_target target;
	if (cp_target_is_kept_open(path) || cp_target_open(&target, cprof_to_path(path)) < 0)
		return false;
	struct cp_remarked remarked = {target.writer,
			"cprof: written while the process ran; it ended without writing its profile anew"};
	return cp_target_end(&target, write_state(kind, cp_remarked_writer(&remarked))) == 0;
}

void cp_recording_checkpoint(struct cp_recording *r)
{
	if (!try_take(r))
		return;
	cp_modmap_take_as_is(true);
	for (int kind = 0; kind < CP_RECORD_KINDS; kind++) {
		struct cp_record *record = &r->records[kind];
		if (record->owner_pid == cp_getpid() && CP_RECORDS_OF_STATE & 1u << kind &&
				has_content((enum cp_record_kind)kind))
			record->has_checkpoint |= write_checkpoint((enum cp_record_kind)kind, r->paths[kind]);
	}
	cp_modmap_take_as_is(false);
	release(r);
}

bool cp_recording_make_way(struct cp_recording *r)
{
	bool has_removed = false;
	if (cp_syscall(SYS_geteuid, 0, 0, 0, 0) != 0)
		return false;
	for (int kind = 0; kind < CP_RECORD_KINDS; kind++) {
		struct cp_record *record = &r->records[kind];
		if (record->has_checkpoint && record->owner_pid == cp_getpid())
			has_removed |= cp_target_make_way(r->paths[kind]);
		record->has_checkpoint = false;
	}
	return has_removed;
}

/// Leaving

struct leaving {
	enum cp_record_kind kind;
	struct cprof_writer writer;
	struct cp_regs regs; // of the stack that is left
};

/** On a stack of our own: the program's, perhaps a signal handler's, may have little left. */
static int write_leaving(void *arg)
{
	const struct leaving *l = arg;
	if (l->kind == CP_RECORD_CPU)
		return stop_cpu();
	if (l->kind == CP_RECORD_THREADS)
		return cp_threads_write_from(&l->regs, l->writer);
	return l->kind == CP_RECORD_WALL ? cp_wall_write(l->writer) : write_state(l->kind, l->writer);
}

static void write_state_leaving(enum cp_record_kind kind, struct cprof_writer writer)
{
	struct leaving leaving = {kind, writer, {0}};
	cp_regs_here(&leaving.regs);
	if (kind == CP_RECORD_TRACE)
		cp_trace_leave();
	else
		cp_own_stack_call(write_leaving, &leaving);
}

/** Nobody whom the caller may have interrupted is in there. False: who is does not come out. */
static bool take_for_leaving(struct cp_recording *r)
{
	uint64_t give_up_ns = cp_clock_ns(CP_CLOCK_MONOTONIC) + MAX_STOP_MS * CP_NS_PER_MS;
	while (!try_take(r)) {
		uint64_t now_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
		if (now_ns >= give_up_ns)
			return false;
		cp_futex_wait(&r->writer_pid, (uint32_t)cp_getpid(), give_up_ns - now_ns);
	}
	return true;
}

/** ends: whatever the process does then, the CPU profile is stopped. exits: by _exit; else it goes on if exec fails. */
static void leave(struct cp_recording *r, bool ends, bool exits)
{
	int pid = cp_getpid();
	uint64_t mask = cp_signal_block_app();
	bool is_taken = take_for_leaving(r), is_cpu_on = r->records[CP_RECORD_CPU].owner_pid == pid;
	cp_modmap_take_as_is(true);
	if (!ends && is_cpu_on)
		cp_cpu_spare();
	if (ends && is_cpu_on) {
		write_state_leaving(CP_RECORD_CPU, (struct cprof_writer){0});
		r->records[CP_RECORD_CPU].owner_pid = 0;
	}
	for (int kind = CP_RECORD_CPU + 1; kind < CP_RECORD_KINDS; kind++) {
		if (is_due(r, (enum cp_record_kind)kind))
			write_state_leaving((enum cp_record_kind)kind, cprof_to_path(r->paths[kind]));
	}
	cp_modmap_take_as_is(false);
	if (is_taken)
		keep_memory(false); // before the ticks count again
	// Last: it stops the ticks until the process has gone, but not for long.
	if (!ends && is_cpu_on)
		cp_cpu_checkpoint(exits);
	if (is_taken)
		let_others(r);
	cp_sigmask_restore(mask);
}

void cp_recording_leave(struct cp_recording *r, bool exits)
{
	leave(r, false, exits);
}

void cp_recording_end(struct cp_recording *r)
{
	leave(r, true, true);
}
