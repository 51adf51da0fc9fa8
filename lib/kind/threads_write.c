// SPDX-License-Identifier: MIT
// Context: CTL. The threads profile: equal stacks and labels are one group (debug 0 and 1).
#include <errno.h>

#include "counts.h"
#include "deadlock.h"
#include "sigsafe/atomic.h"
#include "threads.h"
#include "threads_dump.h"
#include "write/vformat.h"

enum { NBUCKETS = 1 << 10, MAX_STACKS_BYTES = 256 << 20, COMMENT_BYTES = 160 };

/** What the reader should know: NULL if all threads answered. */
static const char *say_silent(const struct cp_threads_snapshot *s, char comment[COMMENT_BYTES])
{
	unsigned count[CP_EXCUSE_NO_ANSWER + 1] = {0}, total = 0;
	for (size_t i = 0; i < s->nthreads; i++) {
		const struct cp_thread_seen *t = &s->threads[i];
		count[t->excuse] += !t->is_gone;
		total += !t->is_gone && t->excuse != CP_EXCUSE_NONE;
	}
	if (total == 0)
		return NULL;
	cp_format(comment, COMMENT_BYTES,
			"threads without a stack: %u block the signal, %u cannot answer, %u could be sent none, "
			"%u did not answer",
			count[CP_EXCUSE_BLOCKS_SIGNAL], count[CP_EXCUSE_IN_KERNEL], count[CP_EXCUSE_NO_SIGNAL],
			count[CP_EXCUSE_NO_ANSWER]);
	return comment;
}

static int write_groups(const struct cp_threads_snapshot *s, const char *name, struct cprof_writer writer, int debug)
{
	struct cp_stacktab stacks;
	char comment[COMMENT_BYTES];
	int ret = cp_stacktab_init(&stacks, NBUCKETS, MAX_STACKS_BYTES);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < s->nthreads; i++) {
		const struct cp_thread_seen *t = &s->threads[i];
		uint32_t npcs;
		const uintptr_t *pcs = cp_threads_stack(s, t, &npcs);
		if (t->is_gone)
			continue;
		struct cp_stack *stack = cp_stacktab_intern(&stacks, pcs, npcs, t->epoch, t->labels_id);
		fetch_add(&stack->values[CP_COUNTS_COUNT], 1, relaxed);
	}
	const struct cp_counts counts = {
			.name = name, .comment = say_silent(s, comment), .stacks = &stacks};
	ret = cp_counts_write(&counts, writer, debug);
	cp_stacktab_deinit(&stacks);
	return ret;
}

static int write_now(const struct cp_regs *caller, struct cprof_writer writer, int debug)
{
	struct cp_threads_snapshot s = {.caller = caller};
	int ret = cp_threads_take(&s, debug >= 2 ? CP_THREADS_DETAILS : 0);
	if (ret == 0 && debug >= 2)
		cp_deadlock_find(&s);
	if (ret == 0)
		ret = debug >= 2 ? cp_threads_dump(&s, writer) : write_groups(&s, "threads", writer, debug);
	cp_threads_free(&s);
	return ret;
}

int cp_threads_write(struct cprof_writer writer, int debug)
{
	return write_now(NULL, writer, debug);
}

int cp_threads_write_from(const struct cp_regs *caller, struct cprof_writer writer)
{
	return write_now(caller, writer, 0);
}

int cp_threads_write_stuck(struct cprof_writer writer, int debug)
{
	struct cp_threads_snapshot s = {0};
	int ret = cp_threads_take(&s, CP_THREADS_DETAILS);
	if (ret == 0)
		cp_deadlock_find(&s);
	for (size_t i = 0; i < s.nthreads; i++)
		s.threads[i].is_gone |= !s.threads[i].is_stuck;
	if (ret == 0)
		ret = debug >= 2 ? cp_threads_dump(&s, writer) : write_groups(&s, "deadlock", writer, debug);
	cp_threads_free(&s);
	return ret;
}

uint64_t cp_threads_count_stuck(void)
{
	struct cp_threads_snapshot s = {0};
	uint64_t count = 0;
	if (cp_threads_take(&s, CP_THREADS_DETAILS | CP_THREADS_NO_SIGNALS) == 0)
		count = cp_deadlock_find(&s);
	cp_threads_free(&s);
	return count;
}
