// SPDX-License-Identifier: MIT
// Context: CTL. What a thread's robust list tells of its waits, by the place where the kernel was told it is.
//
// glibc notes a robust mutex there before it takes it; the function that waits for one has no name to know it by. And
// the list's head stands in glibc's descriptor of the thread, right behind its id. pthread_join() waits at that id, or,
// since glibc 2.43, at a word some way behind the head.
#ifndef CPROF_KIND_ROBUST_LIST_H
#define CPROF_KIND_ROBUST_LIST_H

#include <stdbool.h>
#include <stdint.h>

/** tid waits for a robust mutex, and `futex` is its word. */
bool cp_robust_list_awaits(int tid, uintptr_t futex);

/** Of the thread whose end is waited for at `futex` while `value` is there, the id; 0: of none. */
int cp_robust_list_joined(uintptr_t futex, int value);

#endif
