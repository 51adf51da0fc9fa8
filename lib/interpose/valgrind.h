// SPDX-License-Identifier: MIT
// Context: EARLY.
#ifndef CPROF_INTERPOSE_VALGRIND_H
#define CPROF_INTERPOSE_VALGRIND_H

#include <stdbool.h>

/** Valgrind runs the program on a CPU of its own making; its time is not the program's. */
bool cp_is_under_valgrind(void);

#endif
