// SPDX-License-Identifier: MIT
// Context: CTL. See asleep.h.
//
// /proc tells where a thread sleeps: its stack pointer and where it goes on. Of the other registers nothing is known,
// but what was compiled without frame pointers, libc for one, needs none, and what it saved on the stack is found
// there. The stack is copied by a system call, since the thread may go on and give the memory back at any time;
// pointers within it are moved along with it. It is believed if the thread has not run meanwhile: that is counted
// before the first look and after the last, and both find it off the CPU, so between them it cannot have run
// and come back uncounted.
//
// Who waits in a function of ours while a profile of waits, or the wall-clock profile, is on has left its registers on
// its card. That tells the frame pointer, too: what libc has of it in use is on the stack. Of a process that has
// changed its user /proc tells nothing but to root; there the card alone is read.
#include "asleep.h"

#include <string.h>
#include <sys/uio.h>

#include "sigsafe/atomic.h"
#include "sigsafe/capture.h"
#include "sigsafe/card.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/sys.h"
#include "sigsafe/unwind.h"

enum { PAGE_BYTES = 4096, COPY_PAGES = 16, UNKNOWN = 1 };

void *cp_asleep_buffer_new(void)
{
	return cp_pages_alloc(COPY_PAGES * PAGE_BYTES);
}

/** Copies the pages from `from` on, as far as there are any; the number of bytes. */
static size_t copy_stack(void *buffer, uintptr_t from)
{
	struct iovec to = {buffer, COPY_PAGES * PAGE_BYTES}, pages[COPY_PAGES];
	for (int i = 0; i < COPY_PAGES; i++)
		pages[i] = (struct iovec){(void *)(from + (uintptr_t)i * PAGE_BYTES), PAGE_BYTES};
	// Of a process whose first thread has ended its number finds no memory, but any other thread's does.
	long n = cp_syscall6(SYS_process_vm_readv, cp_gettid(), (long)&to, 1, (long)pages, COPY_PAGES, 0);
	return n > 0 ? (size_t)n : 0;
}

/** What points into the original points into the copy then. */
static void relocate(uintptr_t *words, size_t nbytes, uintptr_t from)
{
	uintptr_t shift = (uintptr_t)words - from;
	for (size_t i = 0; i < nbytes / sizeof(*words); i++)
		words[i] += words[i] - from < nbytes ? shift : 0;
}

/** The copy of what lies from `from` on; it ends where the thread, at sp, was told its stack ends. */
static struct cp_readable range_of_copy(uintptr_t copy, size_t nbytes, uintptr_t from, uintptr_t sp,
		const struct cp_card *card)
{
	uintptr_t low = load(&card->stack_low, relaxed), high = load(&card->stack_high, relaxed);
	if (sp >= low && sp < high && high - from <= nbytes)
		return cp_readable_stack(copy, copy + (high - from));
	return cp_readable_closed(copy, copy + nbytes);
}

static bool is_same_sleep(int tid, const struct cp_task_status *before, const struct cp_task_syscall *call)
{
	struct cp_task_syscall call_now;
	struct cp_task_status now;
	cp_task_read_syscall(tid, &call_now);
	return call_now.sp == call->sp && call_now.pc == call->pc && cp_task_read_status(tid, &now) == 0 &&
	       now.nswitches == before->nswitches;
}

/** From what is known of its registers; those of a function that waits tell more than /proc does. */
static uint32_t walk(void *buffer, struct cp_regs regs, const struct cp_card *card, uintptr_t *pcs, uint32_t max,
		bool *is_whole_out)
{
	uintptr_t from = regs.sp & ~(uintptr_t)(PAGE_BYTES - 1), sp = regs.sp;
	size_t nbytes = copy_stack(buffer, from);
	if (nbytes <= sp - from)
		return 0;
	relocate(buffer, nbytes, from);
	uintptr_t copy = (uintptr_t)buffer;
	bool has_fp = regs.fp != UNKNOWN;
	regs.sp += copy - from;
	regs.fp += regs.fp - from < nbytes ? copy - from : 0;
	struct cp_unwind_result result = cp_unwind_copy(&regs, range_of_copy(copy, nbytes, from, sp, card), pcs, max);
	*is_whole_out = result.marker == CP_MARKER_NONE && (has_fp || !result.used_fp);
	return cp_capture_without_between(pcs, result.nframes);
}

/** Left by a longjmp out of a wait, it may be another place's: a thread that waits there stands below it. */
static uintptr_t frame_pointer_of(const struct cp_card *card, const struct cp_task_syscall *call)
{
	bool is_parked = load(&card->parked.function, relaxed) && load(&card->parked.sp, relaxed) > call->sp;
	return is_parked ? load(&card->parked.fp, relaxed) : UNKNOWN;
}

/** The function it waits in, then its callers. */
static uint32_t walk_parked(void *buffer, const struct cp_card *card, uintptr_t *pcs, uint32_t max,
		bool *is_whole_out)
{
	const struct cp_parked *p = &card->parked;
	struct cp_regs regs = {.pc = load(&p->pc, relaxed), .sp = load(&p->sp, relaxed), .fp = load(&p->fp, relaxed),
			.extra = UNKNOWN};
	uint32_t npcs = walk(buffer, regs, card, pcs, max, is_whole_out);
	if (npcs > 0)
		pcs[0] = load(&p->function, relaxed); // where the leaf stands is between it and the real one
	return npcs;
}

uint32_t cp_asleep_walk(void *buffer, int tid, const struct cp_task_status *status, uintptr_t *pcs, uint32_t max,
		uint32_t *labels_id_out, bool *is_whole_out)
{
	struct cp_task_syscall call;
	if (!strchr("SDTt", status->state))
		return 0;
	cp_task_read_syscall(tid, &call);
	struct cp_card card = {0};
	cp_card_find(tid, &card);
	struct cp_regs known = {
			.pc = call.pc, .sp = call.sp, .fp = frame_pointer_of(&card, &call), .extra = UNKNOWN};
	uint32_t npcs = 0;
	*is_whole_out = false;
	if (call.sp != 0 && call.pc != 0)
		npcs = walk(buffer, known, &card, pcs, max, is_whole_out);
	bool is_deep = npcs > 0 && pcs[npcs - 1] == CP_MARKER_TRUNCATED; // no less so from a few frames further out
	if (!*is_whole_out && !is_deep && load(&card.parked.function, relaxed))
		npcs = walk_parked(buffer, &card, pcs, max, is_whole_out);
	*labels_id_out = load(&card.labels_id, relaxed);
	return is_same_sleep(tid, status, &call) ? npcs : 0;
}

uint32_t cp_asleep_stack(void *buffer, int tid, const struct cp_task_status *status, uintptr_t *pcs, uint32_t max,
		uint32_t *labels_id_out)
{
	bool is_whole = false;
	uint32_t npcs = cp_asleep_walk(buffer, tid, status, pcs, max, labels_id_out, &is_whole);
	return is_whole ? npcs : 0;
}
