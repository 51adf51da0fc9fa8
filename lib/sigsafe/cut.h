// SPDX-License-Identifier: MIT
// Context: SIG. Transfers cut short by a signal of ours.
//
// A signal that finds write() or its like in the kernel, where it has moved a part already, makes it return that part,
// whatever SA_RESTART says, and many a program takes it for the whole. So a handler notes that it came out of the call
// its thread is parked in (card.h), and who stands in for the call moves the rest. It was not the first to come out of
// it where the program's handler stands between.
#ifndef CPROF_SIGSAFE_CUT_H
#define CPROF_SIGSAFE_CUT_H

#include "atomic.h"
#include "card.h"
#include "unwind.h"

/** A handler's frame takes more of the stack, what libc puts between us and the system call less. */
enum { CP_CUT_NEAR_BYTES = 1024 };

/** The instruction before `pc` is the one that calls the kernel. One across two pages is not looked at: the first may
 *  not be there. */
static inline bool cp_cut_is_behind_call(uintptr_t pc)
{
#if defined(__x86_64__)
	const uint8_t *end = (const uint8_t *)pc; // of `syscall`
	return pc % 4096 >= 2 && end[-2] == 0x0f && end[-1] == 0x05;
#elif defined(__aarch64__)
	return pc % 4096 >= 4 && ((const uint32_t *)pc)[-1] == 0xd4000001; // svc #0
#endif
}

/** regs: what a handler of ours interrupted. Its thread comes out of the call it is parked in. */
static inline bool cp_cut_comes_of(const struct cp_regs *regs)
{
	const struct cp_card *card = cp_card;
	return card && load(&card->parked.function, relaxed) &&
			load(&card->parked.sp, relaxed) - regs->sp < CP_CUT_NEAR_BYTES &&
			cp_cut_is_behind_call(regs->pc);
}

/** That was a signal of ours, and none of the program's. is_alone: nor will a handler of the program's run before the
 *  call is made again. */
static inline void cp_cut_note(bool is_alone)
{
	store(&cp_card->ncuts, load(&cp_card->ncuts, relaxed) + 1, relaxed);
	if (is_alone)
		store(&cp_card->ncuts_alone, load(&cp_card->ncuts_alone, relaxed) + 1, relaxed);
}

/** How many there were in this thread. */
static inline uintptr_t cp_cuts(void)
{
	struct cp_card *card = cp_card;
	return card ? load(&card->ncuts, relaxed) : 0;
}

static inline uintptr_t cp_cuts_alone(void)
{
	struct cp_card *card = cp_card;
	return card ? load(&card->ncuts_alone, relaxed) : 0;
}

#endif
