// SPDX-License-Identifier: MIT
// Context: CTL. See bench.h. The growth of n and the columns are Go's (testing/benchmark.go), so that benchstat
// and people's eyes find what they know.
#include "bench.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kind/heap.h"
#include "sigsafe/clock.h"

static const int64_t MAX_N = 1000000000;

/// The timer

static struct cp_bench_use use_now(void)
{
	struct cp_bench_use now = {.ns = cp_clock_ns(CP_CLOCK_MONOTONIC)};
	cp_heap_counted(&now.alloc_objects, &now.alloc_bytes);
	return now;
}

void cp_bench_set_timer(struct cp_bench *b, bool is_running)
{
	struct cp_bench_use now = use_now();
	if (b->is_running && !is_running) {
		b->used.ns += now.ns - b->at.ns;
		b->used.alloc_objects += now.alloc_objects - b->at.alloc_objects;
		b->used.alloc_bytes += now.alloc_bytes - b->at.alloc_bytes;
	} else if (!b->is_running && is_running) {
		b->at = use_now();
	}
	b->is_running = is_running;
}

void cp_bench_reset(struct cp_bench *b)
{
	b->used = (struct cp_bench_use){0};
	b->nmetrics = 0;
	b->at = use_now();
}

int cp_bench_add_metric(struct cp_bench *b, double value, const char *unit)
{
	int i = 0;
	if (!unit || !*unit || strlen(unit) >= CP_BENCH_UNIT_BYTES || strpbrk(unit, " \t\n\v\f\r"))
		return -EINVAL;
	while (i < b->nmetrics && strcmp(b->metrics[i].unit, unit) != 0)
		i++;
	if (i == CP_BENCH_METRICS)
		return -ENOSPC;
	memcpy(b->metrics[i].unit, unit, strlen(unit) + 1);
	b->metrics[i].value = value;
	b->nmetrics += i == b->nmetrics;
	return 0;
}

/// Running

static void run_n(struct cp_bench *b, void (*fn)(struct cprof_bench *, void *), void *arg, int64_t n)
{
	b->public.n = n;
	b->is_running = false;
	cp_bench_reset(b);
	cp_bench_set_timer(b, true);
	fn(&b->public, arg);
	cp_bench_set_timer(b, false);
}

/** What should take goal_ns, and a fifth more; not much more than before, in case that was cached or lazy. */
static int64_t predict_n(int64_t goal_ns, int64_t before, int64_t before_ns)
{
	if (before_ns <= 0)
		before_ns = 1;
	double wished = (double)goal_ns * (double)before / (double)before_ns * 1.2;
	int64_t n = wished < 1e9 ? (int64_t)wished : MAX_N;
	if (n > 100 * before)
		n = 100 * before;
	if (n < before + 1)
		n = before + 1;
	return n < MAX_N ? n : MAX_N;
}

void cp_bench_measure(struct cp_bench *b, void (*fn)(struct cprof_bench *, void *), void *arg, int64_t benchtime_ns,
		int64_t benchtime_n)
{
	int64_t n = benchtime_ns ? 1 : benchtime_n;
	run_n(b, fn, arg, n);
	while (benchtime_ns && (int64_t)b->used.ns < benchtime_ns && n < MAX_N) {
		n = predict_n(benchtime_ns, n, (int64_t)b->used.ns);
		run_n(b, fn, arg, n);
	}
	if (!b->shows_allocs || cp_heap_count_allocations(true) < 0)
		return;
	struct cp_bench timed = *b; // counting takes its time
	run_n(b, fn, arg, n);
	cp_heap_count_allocations(false);
	timed.used.alloc_objects = b->used.alloc_objects;
	timed.used.alloc_bytes = b->used.alloc_bytes;
	*b = timed;
}

/// The line

struct line {
	char *at;
	size_t len, size;
};

static void put(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put(struct line *l, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(l->at + l->len, l->size - l->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += (size_t)n < l->size - l->len ? (size_t)n : l->size - l->len - 1;
}

/** Four significant digits, the points of a column below each other. Go: prettyPrint. */
static void put_value(struct line *l, double value, const char *unit)
{
	static const struct {
		double from;
		int decimals;
	} scales[] = {{999.95, 0}, {99.995, 1}, {9.9995, 2}, {0.99995, 3}, {0.099995, 4}, {0.0099995, 5},
			{0.00099995, 6}, {0, 7}};
	double size = value < 0 ? -value : value;
	size_t i = 0;
	while (size != 0 && size < scales[i].from)
		i++;
	int decimals = scales[i].decimals;
	put(l, "\t%*.*f %s", decimals ? 11 + decimals : 10, decimals, value, unit);
}

static const struct cp_bench_metric *find_metric(const struct cp_bench *b, const char *unit)
{
	for (int i = 0; i < b->nmetrics; i++) {
		if (strcmp(b->metrics[i].unit, unit) == 0)
			return &b->metrics[i];
	}
	return NULL;
}

/** The program's own numbers, by their units, but for those that replace ours. */
static void put_metrics(struct line *l, const struct cp_bench *b)
{
	static const char *const ours[] = {"ns/op", "MB/s", "B/op", "allocs/op"};
	const char *last = "";
	for (;;) {
		const struct cp_bench_metric *next = NULL;
		for (int i = 0; i < b->nmetrics; i++) {
			const struct cp_bench_metric *m = &b->metrics[i];
			bool is_ours = false;
			for (size_t k = 0; k < sizeof(ours) / sizeof(*ours); k++)
				is_ours |= strcmp(m->unit, ours[k]) == 0;
			if (!is_ours && strcmp(m->unit, last) > 0 && (!next || strcmp(m->unit, next->unit) < 0))
				next = m;
		}
		if (!next)
			return;
		put_value(l, next->value, next->unit);
		last = next->unit;
	}
}

static void put_line(struct line *l, const struct cp_bench *b)
{
	const struct cp_bench_metric *m = find_metric(b, "ns/op");
	double n = (double)b->public.n, seconds = (double)b->used.ns / 1e9;
	double ns = m ? m->value : (double)b->used.ns / n;
	put(l, "%8lld", (long long)b->public.n);
	if (ns != 0)
		put_value(l, ns, "ns/op");
	m = find_metric(b, "MB/s");
	double mbs = m ? m->value : b->bytes > 0 && seconds > 0 ? (double)b->bytes * n / 1e6 / seconds : 0;
	if (mbs != 0)
		put(l, "\t%7.2f MB/s", mbs);
	put_metrics(l, b);
	if (!b->shows_allocs || cp_heap_blindness())
		return;
	m = find_metric(b, "B/op");
	put(l, "\t%8lld B/op", m ? (long long)m->value : (long long)b->used.alloc_bytes / (long long)b->public.n);
	m = find_metric(b, "allocs/op");
	put(l, "\t%8lld allocs/op",
			m ? (long long)m->value : (long long)b->used.alloc_objects / (long long)b->public.n);
}

size_t cp_bench_format(const struct cp_bench *b, char *line_out, size_t size)
{
	struct line l = {.at = line_out, .size = size};
	line_out[0] = '\0';
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = c ? uselocale(c) : (locale_t)0;
	put_line(&l, b);
	if (c) {
		uselocale(before);
		freelocale(c);
	}
	return l.len;
}
