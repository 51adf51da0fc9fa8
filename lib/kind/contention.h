// SPDX-License-Identifier: MIT
// Context: CTL. The block, the mutex and the syscall profile: on, off, written out.
#ifndef CPROF_KIND_CONTENTION_H
#define CPROF_KIND_CONTENTION_H

#include <cprof/pprof.h>

enum cp_contention_kind { CP_KIND_BLOCK, CP_KIND_MUTEX, CP_KIND_SYSCALL };

/** Block, syscall: nanoseconds; mutex: one of so many; 0: off. The first one above 0 makes the table. Returns the one
 *  before, or -EINVAL, -ENOMEM. */
int64_t cp_contention_set_sampling(enum cp_contention_kind kind, int64_t sampling);
int64_t cp_contention_sampling(enum cp_contention_kind kind);

/** debug 0: gzip'd profile.proto; else text. Empty where it was never on, as Go's. */
int cp_contention_write(enum cp_contention_kind kind, struct cprof_writer writer, int debug);

/** Distinct stacks. */
uint64_t cp_contention_count(enum cp_contention_kind kind);

/** Nothing was recorded; in a fork's child, nothing of its own. */
bool cp_contention_is_empty(enum cp_contention_kind kind);

#endif
