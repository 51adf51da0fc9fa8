// SPDX-License-Identifier: MIT
// Context: CTL. The stack table as a profile: whole at the stop, or what is new, piece by piece.
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "cpu_session.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "symbol/marker.h"
#include "write/labels_out.h"
#include "write/profile_out.h"

struct walk {
	struct cp_profile_out *out;
	int since; // the value that says what is already written; CP_CPU_TOTAL: nothing is
	int error;
};

static int begin(uint64_t start_realtime_ns, struct cprof_writer writer, struct cp_profile_out **out)
{
	struct cp_profile_spec spec = {
		.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}},
		.nsample_types = 2,
		.period_type = {"cpu", "nanoseconds"},
		.period = (int64_t)cp_cpu_engine_params.period_ns,
		.time_ns = (int64_t)start_realtime_ns,
	};
	return cp_profile_out_begin(out, &spec, writer);
}

static void put(struct walk *w, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch, uint32_t labels_id,
	int64_t periods)
{
	struct cp_label labels[CP_LABELS_MAX];
	uint32_t nlabels = cp_labels_out(labels_id, labels);
	int64_t values[] = {periods, periods * (int64_t)cp_cpu_engine_params.period_ns};
	int ret = cp_profile_out_sample(w->out, pcs, npcs, epoch, values, labels, nlabels);
	if (ret < 0 && w->error == 0)
		w->error = ret;
}

static void put_stack(struct cp_stack *stack, void *arg)
{
	struct walk *w = arg;
	int64_t total = load(&stack->values[CP_CPU_TOTAL], relaxed);
	int64_t done = w->since == CP_CPU_TOTAL ? 0 : load(&stack->values[w->since], relaxed);
	if (total == done)
		return;
	if (w->since == CP_CPU_IN_PIECES)
		store(&stack->values[CP_CPU_IN_PIECES], total, relaxed);
	put(w, stack->pcs, stack->npcs, stack->epoch, (uint32_t)stack->tag, total - done);
}

static void put_lost(struct walk *w, uint64_t nlost)
{
	static const uintptr_t lost[] = {CP_MARKER_LOST};
	if (nlost > 0)
		put(w, lost, 1, 0, 0, (int64_t)nlost);
}

/** All samples there are, or those since the last piece. */
static int put_samples(struct cp_cpu_session *s, struct cp_profile_out *out, bool only_new)
{
	struct walk w = {.out = out, .since = only_new ? CP_CPU_IN_PIECES : CP_CPU_TOTAL};
	cp_stacktab_each(&s->stacks, put_stack, &w);
	uint64_t nlost = s->stats.lost - (only_new ? s->piece_lost : 0);
	put_lost(&w, nlost);
	s->piece_lost = s->stats.lost;
	return w.error;
}

static void put_origin(struct cp_cpu_session *s, struct cp_profile_out *out)
{
	struct utsname host = {0};
	uname(&host);
	cp_profile_out_comment(out, "cprof %s: CPU profile of process %d on %s, %s %s %s",
		cprof_version(), cp_cpu_shared.pid, host.nodename, host.sysname, host.release,
		host.machine);
	cp_profile_out_comment(out, "engine: %s", s->reason);
}

static void put_threads(struct cp_cpu_session *s, struct cp_profile_out *out)
{
	for (int i = 0; i < 3; i++) {
		uint32_t n = load(&cp_cpu_shared.armed[i], relaxed);
		if (n > 0)
			cp_profile_out_comment(
				out, "threads: %u on %s", n, cp_cpu_engines[i]->name);
		int32_t refusal = load(&cp_cpu_shared.refusal[i], relaxed);
		if (refusal < 0)
			cp_profile_out_comment(out, "threads: some could have no %s (%s)",
				cp_cpu_engines[i]->name, cprof_strerror(refusal));
	}
	uint32_t unarmed = load(&cp_cpu_shared.unarmed, relaxed);
	if (unarmed > 0)
		cp_profile_out_comment(out, "threads: %u not profiled", unarmed);
	uint32_t blocked = load(&cp_cpu_shared.blocked, relaxed);
	if (blocked > 0)
		cp_profile_out_comment(out,
			"threads: %u block signal %d, their samples have no stack", blocked,
			cp_cpu_engine_params.signal);
	if (s->stats.unseen > 0)
		cp_profile_out_comment(out,
			"threads: %llu samples are of threads that ended unseen",
			(unsigned long long)s->stats.unseen);
	if (s->stats.scan_error < 0)
		cp_profile_out_comment(out,
			"threads: /proc/self/task cannot be read (%s); only the first one "
			"and those started after the profile are in it",
			s->stats.scan_error == -EXDEV ? "it is another PID namespace's"
						      : cprof_strerror(s->stats.scan_error));
}

static void put_losses(struct cp_cpu_session *s, struct cp_profile_out *out)
{
	if (s->stats.lost > 0)
		cp_profile_out_comment(out, "lost: %llu samples, the rings were full",
			(unsigned long long)s->stats.lost);
	for (int i = 1; i < CP_MARKER_COUNT; i++) {
		uint64_t n = load(&s->stats.cut[i], relaxed);
		if (n > 0)
			cp_profile_out_comment(out, "stacks: %llu %s in %s",
				(unsigned long long)n, n == 1 ? "sample ends" : "samples end", cp_marker_name(i));
	}
	if (cp_labels_refused() > 0)
		cp_profile_out_comment(out, "labels: %llu sets were refused, there are too many",
			(unsigned long long)cp_labels_refused());
	uint32_t foreign = load(&cp_cpu_shared.foreign, relaxed);
	if (foreign > 0)
		cp_profile_out_comment(out, "signal %d: %u were not the profiler's, and passed on",
			cp_cpu_engine_params.signal, foreign);
	if (s->stats.handler_replaced)
		cp_profile_out_comment(out,
			"signal %d: the program replaced the profiler's handler",
			cp_cpu_engine_params.signal);
}

static void put_rate(struct cp_cpu_session *s, struct cp_profile_out *out)
{
	uint64_t periods = load(&s->stats.periods, relaxed);
	cp_profile_out_comment(out, "rate: %d Hz asked; %llu samples by %llu signals",
		s->options.rate_hz, (unsigned long long)periods,
		(unsigned long long)s->stats.nsamples);
}

static int64_t duration_ns(const struct cp_cpu_session *s)
{
	return (int64_t)(s->end_ns - s->start_ns);
}

int cp_cpu_output_whole(struct cp_cpu_session *s)
{
	struct cp_profile_out *out;
	int ret = begin(s->start_realtime_ns, s->target.writer, &out);
	if (ret < 0)
		return ret;
	put_origin(s, out);
	if (s->switched[0])
		cp_profile_out_comment(out, "engine: %s", s->switched);
	put_rate(s, out);
	put_threads(s, out);
	put_losses(s, out);
	ret = put_samples(s, out, false);
	int ended = cp_profile_out_end(out, duration_ns(s));
	return ret < 0 ? ret : ended;
}

/** The next piece is the last. */
static bool tells_end(const struct cp_cpu_session *s)
{
	return load(&s->exits, relaxed) && !s->end_is_told;
}

static int begin_pieces(struct cp_cpu_session *s)
{
	struct cprof_writer writer = {.write = cp_target_write_piece, .arg = &s->target};
	int ret = begin(s->start_realtime_ns, writer, &s->pieces);
	if (ret < 0)
		return ret;
	put_origin(s, s->pieces);
	return tells_end(s) ? 0 : cp_profile_out_comment(s->pieces,
		"written while the process ran: where no end is told, "
		"samples of its last second or two, or of ten in which it did little, may be missing");
}

/** What the first piece could not say. */
static void put_end(struct cp_cpu_session *s)
{
	put_rate(s, s->pieces);
	put_threads(s, s->pieces);
	put_losses(s, s->pieces);
	cp_profile_out_comment(s->pieces, "end: by _exit(), nothing is missing");
}

static void forget_piece(struct cp_stack *stack, void *arg)
{
	store(&stack->values[CP_CPU_IN_PIECES], 0, relaxed);
}

bool cp_cpu_output_anew(struct cp_cpu_session *s)
{
	if (!s->pieces || !cp_target_drop_pieces(&s->target))
		return false;
	cp_profile_out_abandon(s->pieces);
	s->pieces = NULL;
	s->piece_lost = s->pieces_seen = 0;
	cp_stacktab_each(&s->stacks, forget_piece, NULL);
	return true;
}

static int write_piece(struct cp_cpu_session *s)
{
	bool is_last = tells_end(s);
	int ret = s->pieces ? 0 : begin_pieces(s);
	s->end_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	if (ret == 0)
		ret = put_samples(s, s->pieces, true);
	if (ret == 0 && is_last)
		put_end(s);
	if (ret == 0)
		ret = cp_profile_out_flush(s->pieces, duration_ns(s));
	s->end_is_told |= is_last && ret == 0;
	return ret;
}

void cp_cpu_output_piece(struct cp_cpu_session *s)
{
	uint64_t seen = load(&s->stats.periods, relaxed) + s->stats.lost;
	bool has_news = seen != s->pieces_seen || (s->pieces && tells_end(s));
	if (s->pieces_broken || !has_news || !cp_target_takes_pieces(&s->target))
		return;
	int ret = write_piece(s);
	if (ret == -EACCES && cp_cpu_output_anew(s)) // the process is another user's since it began the file
		ret = write_piece(s);
	s->pieces_seen = seen;
	s->pieces_broken = ret < 0;
}

int cp_cpu_output_window(struct cp_cpu_session *s, const struct cp_cpu_window *w, struct cprof_writer writer,
		struct cp_profile_out **out_out)
{
	int ret = begin(w->start_realtime_ns, writer, out_out);
	if (ret < 0)
		return ret;
	struct walk walk = {.out = *out_out, .since = w->value};
	uint64_t nlost = s->stats.lost - w->lost;
	put_origin(s, *out_out);
	cp_profile_out_comment(*out_out, "rate: %d Hz asked", s->options.rate_hz);
	put_threads(s, *out_out);
	if (nlost > 0)
		cp_profile_out_comment(*out_out, "lost: %llu samples, the rings were full", (unsigned long long)nlost);
	cp_stacktab_each(&s->stacks, put_stack, &walk);
	put_lost(&walk, nlost);
	if (walk.error < 0)
		cp_profile_out_abandon(*out_out);
	return walk.error;
}
