// SPDX-License-Identifier: MIT
// The last line of `cprof run`: what was written, and what to type next.
#ifndef CPROF_RUN_SUMMARY_H
#define CPROF_RUN_SUMMARY_H

#include "child.h"
#include "inject.h"

/** Says on stderr what came of the run. */
void summary_print(struct arena *a, const struct injection *in, const struct child *c);

#endif
