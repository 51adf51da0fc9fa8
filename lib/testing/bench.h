// SPDX-License-Identifier: MIT
// Context: CTL. A benchmark, run with growing n until it takes long enough, as Go's testing does.
#ifndef CPROF_TESTING_BENCH_H
#define CPROF_TESTING_BENCH_H

#include <cprof/testing.h>

enum { CP_BENCH_METRICS = 8, CP_BENCH_UNIT_BYTES = 32 };

struct cp_bench_metric {
	char unit[CP_BENCH_UNIT_BYTES];
	double value;
};

/** What a run has used. */
struct cp_bench_use {
	uint64_t ns, alloc_objects, alloc_bytes;
};

/** One benchmark's state. The public part is the first. */
struct cp_bench {
	struct cprof_bench public;
	bool is_running;          // the timer
	struct cp_bench_use at;   // when it was started
	struct cp_bench_use used; // while it ran
	int64_t bytes;            // processed each time; 0: not told
	bool shows_allocs;
	struct cp_bench_metric metrics[CP_BENCH_METRICS];
	int nmetrics;
};

void cp_bench_set_timer(struct cp_bench *b, bool is_running);
void cp_bench_reset(struct cp_bench *b);

/** -EINVAL, -ENOSPC. */
int cp_bench_add_metric(struct cp_bench *b, double value, const char *unit);

/** Runs fn with n as large as benchtime_ns asks for, or (0) benchtime_n times. b: zeroed, but for shows_allocs. */
void cp_bench_measure(struct cp_bench *b, void (*fn)(struct cprof_bench *, void *), void *arg, int64_t benchtime_ns,
		int64_t benchtime_n);

/** Go's BenchmarkResult.String() and MemString(). Its length. */
size_t cp_bench_format(const struct cp_bench *b, char *line_out, size_t size);

#endif
