// SPDX-License-Identifier: MIT
// Context: CTL. What a thread's robust list tells of its waits, by the place where the kernel was told it is.
//
// glibc notes a robust mutex there before it takes it; the function that waits for one has no name to know it by. And
// the list's head stands in glibc's descriptor of the thread, right behind the id that pthread_join() waits at.
#ifndef CPROF_KIND_ROBUST_LIST_H
#define CPROF_KIND_ROBUST_LIST_H

#include <stdbool.h>
#include <stdint.h>

/** tid waits for a robust mutex, and `futex` is its word. */
bool cp_robust_list_awaits(int tid, uintptr_t futex);

/** `futex` is where the end of thread tid is waited for. */
bool cp_robust_list_is_behind(int tid, uintptr_t futex);

#endif
