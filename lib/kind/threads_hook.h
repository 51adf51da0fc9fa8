// SPDX-License-Identifier: MIT
// Context: SIG. A thread is asked for its stack, by a signal of our own, and answers from the handler.
// threads.c asks.
#ifndef CPROF_KIND_THREADS_HOOK_H
#define CPROF_KIND_THREADS_HOOK_H

#include "sigsafe/turn.h"
#include "sigsafe/types.h"

enum {
	CP_ANSWERS = 64, // threads asked at a time
};

/** One thread's answer. */
struct cp_answer {
	_Atomic uint64_t word; // number of the question, and in the low byte what has become of it
	uint32_t epoch;        // cp_modmap_epoch_of() the stack
	uint32_t labels_id;
	uint32_t npcs;
	_Atomic bool is_confined; // by seccomp, or it is not known: no system call that nobody expects
	uintptr_t pcs[CP_MAX_PCS];
};

struct cp_threads_shared {
	struct cp_turn turn;      // of who asks
	_Atomic uint32_t nanswered; // a futex: grows with each answer
	_Atomic int sender_tid;   // who asks, and is about to send a signal; 0: nobody is
	_Atomic uint32_t nexecing; // threads in exec: nothing may be pending in the next program
	int pid;                  // of the process that asks
	uint64_t magic;           // of our signals' values: its high 16 bits
	uint64_t number;          // of the last question
	struct cp_answer *answers; // CP_ANSWERS, never freed
};

extern struct cp_threads_shared cp_threads_shared;

/** The handler. */
void cp_threads_on_signal(int sig, void *info, void *ucontext);

/** It would take it for a question of ours. info: a siginfo_t. */
bool cp_threads_is_question(const void *info);

/**
 * Asks thread tid; its answer will be answers[i], which nobody else has now. 0; -ESRCH: it has ended;
 * -EAGAIN: the process may have no more signals pending; -EBUSY: the program is about to exec. CTL.
 */
int cp_threads_ask(uint32_t i, int tid, int sig, bool is_confined);

/** It has answered. */
bool cp_threads_has_answer(uint32_t i);

/** Ends the question. True: answers[i] is there after all, and still whole. */
bool cp_threads_end_question(uint32_t i);

/** Around exec. */
void cp_threads_before_exec(void);
void cp_threads_after_exec(void);

/** In the child of fork(). Context: FORK. */
void cp_threads_reset_in_child(void);

#endif
