// SPDX-License-Identifier: MIT
// Context: SIG. See threads_hook.h.
//
// Each question has a number, and the signal carries it: one that comes late, when nobody waits for it
// any more, finds another number and is dropped. Whoever moves the word on owns the answer.
#include <linux/signal.h>

#include <errno.h>

#include "cut_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/capture.h"
#include "sigsafe/futex.h"
#include "sigsafe/labels.h"
#include "sigsafe/modmap.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/unwind.h"
#include "signal_hook.h"
#include "threads_hook.h"

// Low byte of an answer's word.
enum { OPEN = 1, WRITING = 2, ANSWERED = 3, ENDED = 4 };

enum {
	NUMBER_BITS = 40, // of a signal's value; 8 below them say which answer, 16 above are the magic
	MAX_WRITING_TURNS = 100000,
};

struct cp_threads_shared cp_threads_shared;

static uint64_t word_of(uint64_t number, uint64_t state)
{
	return number << 8 | state;
}

/// The thread that is asked

static void answer(struct cp_answer *a, uint64_t number, const void *ucontext)
{
	uint64_t word = word_of(number, OPEN);
	if (!compare_exchange(&a->word, &word, word_of(number, WRITING), acq_rel))
		return;
	struct cp_regs regs;
	cp_regs_from_ucontext(&regs, ucontext);
	a->labels_id = cp_labels_current_id(cp_gettid());
	a->npcs = cp_capture_without_between(a->pcs, cp_unwind(&regs, a->pcs, CP_MAX_PCS).nframes);
	a->epoch = cp_modmap_epoch_of(a->pcs, a->npcs);
	store(&a->word, word_of(number, ANSWERED), release);
	fetch_add(&cp_threads_shared.nanswered, 1, release);
	cp_futex_wake(&cp_threads_shared.nanswered, 1);
}

bool cp_threads_is_question(const void *info_arg)
{
	const siginfo_t *info = info_arg;
	uint64_t value = (uint64_t)info->si_ptr;
	return info->si_code == SI_QUEUE && (value ^ cp_threads_shared.magic) >> 48 == 0 && (value & 0xff) < CP_ANSWERS;
}

void cp_threads_on_signal(int sig, void *info_arg, void *ucontext)
{
	const siginfo_t *info = info_arg;
	uint64_t value = (uint64_t)info->si_ptr;
	uint32_t i = value & 0xff;
	if (!cp_threads_is_question(info)) {
		cp_signal_pass_on(sig, info_arg, ucontext);
		return;
	}
	struct cp_answer *a = &cp_threads_shared.answers[i];
	bool is_confined = load(&a->is_confined, relaxed); // it may soon be another thread's
	answer(a, value >> 8 & ((1ull << NUMBER_BITS) - 1), ucontext);
	cp_cut_look(ucontext, is_confined, true); // also where it came too late
}

/// The thread that asks

static int send(uint32_t i, int tid, int sig, uint64_t number)
{
	siginfo_t info = {0};
	info.si_signo = sig;
	info.si_code = SI_QUEUE;
	info.si_pid = cp_threads_shared.pid;
	info.si_ptr = (void *)(cp_threads_shared.magic | number << 8 | i);
	return (int)cp_syscall(SYS_rt_tgsigqueueinfo, cp_threads_shared.pid, tid, sig, &info);
}

int cp_threads_ask(uint32_t i, int tid, int sig, bool is_confined)
{
	store(&cp_threads_shared.answers[i].is_confined, is_confined, relaxed);
	uint64_t number = ++cp_threads_shared.number & ((1ull << NUMBER_BITS) - 1);
	store(&cp_threads_shared.answers[i].word, word_of(number, OPEN), release);
	store(&cp_threads_shared.sender_tid, cp_gettid(), seq_cst);
	int ret = load(&cp_threads_shared.nexecing, seq_cst) ? -EBUSY : send(i, tid, sig, number);
	store(&cp_threads_shared.sender_tid, 0, seq_cst);
	return ret;
}

bool cp_threads_has_answer(uint32_t i)
{
	return (load(&cp_threads_shared.answers[i].word, acquire) & 0xff) == ANSWERED;
}

bool cp_threads_end_question(uint32_t i)
{
	struct cp_answer *a = &cp_threads_shared.answers[i];
	uint64_t word = load(&a->word, acquire);
	if ((word & 0xff) == OPEN && compare_exchange(&a->word, &word, word_of(word >> 8, ENDED), acq_rel))
		return false;
	// It is at it: no system call but the wake stands between it and the end.
	for (int turns = 0; turns < MAX_WRITING_TURNS && !cp_threads_has_answer(i); turns++)
		cp_syscall(SYS_sched_yield, 0, 0, 0, 0);
	return cp_threads_has_answer(i);
}

/// exec: pending signals and the mask survive it, handlers do not

static bool is_anothers(void)
{
	// A child of vfork() runs on our memory, and must leave it alone.
	return cp_threads_shared.pid != cp_getpid();
}

void cp_threads_before_exec(void)
{
	if (is_anothers())
		return;
	// Also where nobody has asked so far: the first question may come this moment.
	fetch_add(&cp_threads_shared.nexecing, 1, seq_cst);
	int sender_tid, own_tid = cp_gettid();
	// Where a handler has interrupted the sender itself, it asks others, and they go.
	while ((sender_tid = load(&cp_threads_shared.sender_tid, seq_cst)) && sender_tid != own_tid)
		cp_syscall(SYS_sched_yield, 0, 0, 0, 0);
	int sig = cp_signal_of(CP_SIGNAL_THREADS);
	if (sig <= 0)
		return;
	// What was sent is delivered when a system call returns, or, if it is blocked, taken here.
	uint64_t set = cp_sigmask_of(sig);
	struct cp_timespec now = {0};
	while (cp_syscall(SYS_rt_sigtimedwait, &set, NULL, &now, sizeof(set)) > 0)
		;
}

void cp_threads_after_exec(void)
{
	if (!is_anothers() && load(&cp_threads_shared.nexecing, relaxed) > 0)
		fetch_sub(&cp_threads_shared.nexecing, 1, seq_cst);
}

void cp_threads_reset_in_child(void)
{
	store(&cp_threads_shared.turn.word, 0, relaxed);
	store(&cp_threads_shared.sender_tid, 0, relaxed);
	store(&cp_threads_shared.nexecing, 0, relaxed);
	cp_threads_shared.pid = cp_getpid();
	if (cp_threads_shared.answers) {
		for (uint32_t i = 0; i < CP_ANSWERS; i++)
			store(&cp_threads_shared.answers[i].word, 0, relaxed);
	}
}
