// SPDX-License-Identifier: MIT
// Context: SIG. The end of the program's last thread.
//
// A process whose main thread has called pthread_exit() ends, by exit(0), with the last of its
// threads. libc sees to that by counting them; but it counts ours as well, which wait for ever. So
// the program's are counted here, and the last of them does what libc would do.
#ifndef CPROF_KIND_LAST_THREAD_HOOK_H
#define CPROF_KIND_LAST_THREAD_HOOK_H

#include <stdbool.h>

/** 1: the program makes a thread; -1: it could not. */
void cp_last_thread_count(int by);

/** The calling thread ends. True: there is no other, as far as they were counted. */
bool cp_last_thread_ends(void);

/** The same a little later, by the kernel's list: false where a thread has come since, or there is
 * one that nobody counted, as libc makes for timers. Those that were counted may still be about to
 * leave, and are waited for. */
bool cp_last_thread_is_alone(void);

/** The main thread ends by a system call of its own, past libc, which would not end the process then, but for the last
 *  thread: its status is the process's. True: the process ends now. */
bool cp_last_thread_main_ends(int status);

/** That status; -1: it has not. */
int cp_last_thread_main_status(void);

/** In the child of fork(): only this thread is there. Context: FORK. */
void cp_last_thread_reset_in_child(void);

#endif
