// SPDX-License-Identifier: MIT
// Context: CTL. The profiler's own threads: named, with no signal of anybody's, never in a profile.
#ifndef CPROF_KIND_OWN_THREAD_H
#define CPROF_KIND_OWN_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bare_thread.h"
#include "task_info.h"

/** A thread of ours; to be joined with cp_own_thread_join(). Zero it to start. */
struct cp_own_thread {
	const char *name; // 15 bytes at most
	void (*run)(void *arg);
	void *arg;
	// Where the thread can be sent away while the program has to be alone (own_thread_hook.h), else NULL:
	// the futex it waits on, to ask cp_own_thread_is_dismissed() whenever that wakes it. Then run() returns,
	// and is called anew later.
	_Atomic uint32_t *waits_on;
	void (*lost)(void); // or NULL: it was sent away, and there can be none again
	bool has_own_files; // it does without the program's descriptors, and the program without its
	bool does_without_libc; // what bare_thread.h demands holds for run(): it is one while libc has no second thread

	_Atomic uint32_t has_begun, has_ended; // futexes
	_Atomic bool is_dismissed, is_busy;
	bool is_lost; // there is nothing to join
	bool is_bare;
	bool is_joinable; // libc does not give its stack back by itself
	struct cp_task_user user; // a bare one's: libc cannot change it; for the thread to look up
	int tid;
	union {
		pthread_t handle;
		struct cp_bare_thread bare;
	};
};

/** 0 or a negative errno. When it returns the thread is known for ours. t must live until the thread is joined. */
int cp_own_thread_start(struct cp_own_thread *t);

/** The calling thread and those it makes leave the program's descriptors to it, and have none but the standard ones, of
 *  which nothing can be read. False, and nothing has changed: before Linux 5.9 the kernel cannot. */
bool cp_own_thread_leave_files(void);

/** One is being born, or has ended, and has not the mark by which it is known: a thread nobody has seen may be ours. */
bool cp_own_threads_are_unmarked(void);

/** For t alone to ask. */
bool cp_own_thread_is_dismissed(const struct cp_own_thread *t);

/** For t alone, around work in which it joins others or asks them: they and it are not sent away meanwhile. False: it
 *  is dismissed. */
bool cp_own_thread_hold(struct cp_own_thread *t);
void cp_own_thread_let_go(struct cp_own_thread *t);

/** So, too. A bare one is still who the program was before it changed users by a system call of its own, or by a libc
 *  we are not in front of: it must not stay, perhaps as root. */
bool cp_own_thread_is_left_behind(struct cp_own_thread *t);

void cp_own_thread_join(struct cp_own_thread *t);

#endif
