// SPDX-License-Identifier: MIT
// Context: CTL. Whose turn it is: a lock that knows its holder. A signal handler that has interrupted him, and a
// callback he calls, are told so and do not wait for themselves. Whoever waits or holds it goes on to get signals
// (cp_lock lets none through): a thread may be asked for its stack meanwhile. A fork child zeroes it.
#ifndef CPROF_SIGSAFE_TURN_H
#define CPROF_SIGSAFE_TURN_H

#include <errno.h>

#include "atomic.h"
#include "futex.h"

enum { CP_TURN_WAITED_SHIFT = 31 };

struct cp_turn {
	_Atomic uint32_t word; // a futex: the holder's tid, and above it whether somebody waits; 0: free
};

static inline bool cp_turn_is_own(const struct cp_turn *t)
{
	return (load(&t->word, relaxed) & ~(1u << CP_TURN_WAITED_SHIFT)) == (uint32_t)cp_gettid();
}

/** False: somebody has it. */
static inline bool cp_turn_try(struct cp_turn *t)
{
	uint32_t free_word = 0;
	return compare_exchange(&t->word, &free_word, (uint32_t)cp_gettid(), acquire);
}

/** 0; -EBUSY: it is this thread's already. */
static inline int cp_turn_take(struct cp_turn *t)
{
	const uint32_t waited = 1u << CP_TURN_WAITED_SHIFT, tid = (uint32_t)cp_gettid();
	if (cp_turn_is_own(t))
		return -EBUSY;
	if (cp_turn_try(t))
		return 0;
	for (;;) {
		uint32_t word = load(&t->word, relaxed);
		if (word == 0 && compare_exchange(&t->word, &word, tid | waited, acquire))
			return 0;
		if (word && ((word & waited) || compare_exchange(&t->word, &word, word | waited, relaxed)))
			cp_futex_wait(&t->word, word | waited, CP_FUTEX_FOREVER);
	}
}

static inline void cp_turn_end(struct cp_turn *t)
{
	if (exchange(&t->word, 0, release) >> CP_TURN_WAITED_SHIFT)
		cp_futex_wake(&t->word, 1);
}

#endif
