// SPDX-License-Identifier: MIT
// Context: SIG. What a thread shows of itself to those that look at it from outside: a card, found by thread id.
#ifndef CPROF_SIGSAFE_CARD_H
#define CPROF_SIGSAFE_CARD_H

#include "types.h"

struct cp_stack;

struct cp_card {
	struct cp_card *next;        // in its bucket, or of the free ones
	_Atomic int tid;             // 0: nobody's
	_Atomic uint32_t labels_id;  // 0: none
	_Atomic(struct cp_stack *) created_at; // its creator's stack; NULL: not known
	_Atomic uintptr_t stack_low, stack_high; // it was told to stand on; high 0: on its own, or not told
	struct cp_parked {
		_Atomic uintptr_t function, pc, sp, fp; // function 0: it does not wait
	} parked; // in one of our functions, while somebody wants to know
	// Of its calls that signals of ours came out of, see cut.h; alone: no handler of the program runs meanwhile.
	_Atomic uintptr_t ncuts, ncuts_alone;
	char padding[40]; // cache lines for each
};

/** The calling thread's. One word, since a program has little room for our thread-local storage. A thread of a raw
 *  clone() may stand on another one's, so who must know compares tid. */
extern __attribute__((visibility("hidden"), tls_model("initial-exec"))) __thread struct cp_card *cp_card;

/** The calling thread's, which it gets now if it has none; NULL: no memory. */
struct cp_card *cp_card_take(void);

/** The calling thread ends: nobody will ask for it by its id. */
void cp_card_give_back(void);

/** A copy of thread tid's; false: it has none. */
bool cp_card_find(int tid, struct cp_card *card_out);

/** Around fork(), with signals blocked: nobody gets or gives back a card. Context: FORK. */
void cp_card_before_fork(void);
void cp_card_fork_done(void);

/** In the child of fork(), whose thread has another id now, before cp_card_fork_done(). Context: FORK. */
void cp_card_after_fork(void);

#endif
