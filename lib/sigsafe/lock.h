// SPDX-License-Identifier: MIT
// Context: SIG, but never in a signal handler. A futex lock with all signals blocked while it is
// held: no handler runs inside, so a handler that would want it cannot deadlock, and a holder is
// not cancelled. Nothing is called and nothing is waited for for long inside. A fork child just zeroes it.
#ifndef CPROF_SIGSAFE_LOCK_H
#define CPROF_SIGSAFE_LOCK_H

#include "atomic.h"
#include "futex.h"
#include "sigmask.h"

struct cp_lock {
	_Atomic uint32_t word; // 0 free, 1 held, 2 held and somebody may wait
	uint64_t saved_mask;   // the holder's
};

static inline void cp_lock_take(struct cp_lock *l)
{
	uint64_t mask = cp_sigmask_block_all();
	uint32_t free_word = 0;
	if (!compare_exchange(&l->word, &free_word, 1, acquire)) {
		while (exchange(&l->word, 2, acquire) != 0)
			cp_futex_wait(&l->word, 2, CP_FUTEX_FOREVER);
	}
	l->saved_mask = mask;
}

static inline void cp_lock_release(struct cp_lock *l)
{
	uint64_t mask = l->saved_mask;
	if (exchange(&l->word, 0, release) == 2)
		cp_futex_wake(&l->word, 1);
	cp_sigmask_restore(mask);
}

#endif
