// SPDX-License-Identifier: MIT
// Context: CTL. Which benchmarks run, and what is printed around their numbers.
#ifndef CPROF_TESTING_BENCH_RUN_H
#define CPROF_TESTING_BENCH_RUN_H

#include "bench.h"
#include "flags.h"

/** As cprof_bench_run(). */
bool cp_bench_run(const struct cp_testing_flags *flags, const char *name, void (*fn)(struct cprof_bench *, void *),
		void *arg);

#endif
