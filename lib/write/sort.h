// SPDX-License-Identifier: MIT
// Context: CTL. Sorting without malloc, which qsort() may call.
#ifndef CPROF_WRITE_SORT_H
#define CPROF_WRITE_SORT_H

#include <stdbool.h>
#include <stddef.h>

/** True: `a` goes before `b`. */
typedef bool cp_is_before_fn(const void *a, const void *b, const void *arg);

/** Sorts `count` items of item_bytes each; equal ones end in any order. arg is is_before's. */
void cp_sort(void *items, size_t count, size_t item_bytes, cp_is_before_fn *is_before, const void *arg);

#endif
