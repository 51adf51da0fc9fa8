// SPDX-License-Identifier: MIT
// Context: CTL: libgc calls us with its lock held, and in between with all other threads stopped wherever they
// are: no lock, no malloc, nothing of libgc's but what it says may be called then. See gctrace.h.
#include "gctrace.h"

#include <dlfcn.h>
#include <sched.h>
#include <stddef.h>

#include "decimal.h"
#include "output.h"
#include "sigsafe/clock.h"

// libgc's ABI (gc.h of 8.0 and later): its events, and the first of its numbers.
enum gc_event {
	GC_START = 0,
	GC_MARK_START = 1,
	GC_MARK_END = 2,
	GC_END = 5,
	GC_PRE_STOP_WORLD = 6,
};

struct gc_prof_stats {
	size_t heapsize_full, free_bytes_full, unmapped_bytes, bytes_allocd_since_gc, allocd_bytes_before_gc,
			non_gc_bytes, gc_no;
};

typedef void gc_event_fn(int event);
typedef size_t gc_stats_fn(struct gc_prof_stats *stats, size_t stats_bytes);

/** A point of a collection. */
struct point {
	uint64_t wall_ns, cpu_ns;
};

static struct {
	void (*set_handler)(gc_event_fn *fn);
	gc_event_fn *(*get_handler)(void);
	gc_stats_fn *stats;
	gc_event_fn *next; // the program's own
	uint64_t start_ns;
	uint64_t gc_cpu_ns;
	unsigned long long ncollections;
	bool is_running, is_silent;
	struct point begin, mark, marked;
	size_t in_use_before, in_use_marked;
} gc;

static struct point now(void)
{
	return (struct point){cp_clock_ns(CP_CLOCK_MONOTONIC), cp_clock_ns(CP_CLOCK_PROCESS_CPU)};
}

static struct gc_prof_stats read_stats(void)
{
	struct gc_prof_stats s = {0};
	gc.stats(&s, sizeof(s));
	return s;
}

static size_t in_use(const struct gc_prof_stats *s)
{
	return s->heapsize_full - s->free_bytes_full;
}

/** Milliseconds between, three digits. */
static struct cp_debug_decimal ms(uint64_t from_ns, uint64_t to_ns)
{
	return cp_debug_decimal((to_ns - from_ns) / 1000, 3);
}

static int count_cpus(void)
{
	cpu_set_t allowed;
	return sched_getaffinity(0, sizeof(allowed), &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

static void print_collection(const struct point *end)
{
	const struct gc_prof_stats s = read_stats();
	gc.gc_cpu_ns += end->cpu_ns - gc.begin.cpu_ns;
	cp_debug_printf("gc %llu @%ss %llu%%: %s+%s+%s ms clock, %s+%s+%s ms cpu, %zu->%zu->%zu MB, %zu MB heap, "
			"%d P\n",
			++gc.ncollections, cp_debug_decimal((gc.begin.wall_ns - gc.start_ns) / CP_NS_PER_MS, 3).text,
			(unsigned long long)(end->cpu_ns ? gc.gc_cpu_ns * 100 / end->cpu_ns : 0),
			ms(gc.begin.wall_ns, gc.mark.wall_ns).text, ms(gc.mark.wall_ns, gc.marked.wall_ns).text,
			ms(gc.marked.wall_ns, end->wall_ns).text, ms(gc.begin.cpu_ns, gc.mark.cpu_ns).text,
			ms(gc.mark.cpu_ns, gc.marked.cpu_ns).text, ms(gc.marked.cpu_ns, end->cpu_ns).text,
			gc.in_use_before >> 20, gc.in_use_marked >> 20, in_use(&s) >> 20, s.heapsize_full >> 20,
			count_cpus());
}

static void begin(void)
{
	const struct gc_prof_stats s = read_stats();
	gc.is_running = true;
	gc.begin = gc.mark = gc.marked = now();
	gc.in_use_before = gc.in_use_marked = in_use(&s);
}

static void follow(int event)
{
	// An incremental collection may stop the threads without having said that it starts.
	if (event == GC_START || ((event == GC_PRE_STOP_WORLD || event == GC_MARK_START) && !gc.is_running))
		begin();
	if (event == GC_MARK_START) {
		gc.mark = gc.marked = now();
	} else if (event == GC_MARK_END) {
		const struct gc_prof_stats s = read_stats();
		gc.marked = now();
		gc.in_use_marked = in_use(&s);
	} else if (event == GC_END && gc.is_running) {
		const struct point end = now();
		gc.is_running = false;
		print_collection(&end);
	}
}

static void on_event(int event)
{
	if (!gc.is_silent)
		follow(event);
	if (gc.next)
		gc.next(event);
}

bool cp_gctrace_start(void)
{
	gc.set_handler = (void (*)(gc_event_fn *))dlsym(RTLD_DEFAULT, "GC_set_on_collection_event");
	gc.get_handler = (gc_event_fn * (*)(void)) dlsym(RTLD_DEFAULT, "GC_get_on_collection_event");
	gc.stats = (gc_stats_fn *)dlsym(RTLD_DEFAULT, "GC_get_prof_stats_unsafe");
	if (!gc.set_handler || !gc.get_handler || !gc.stats)
		return false;
	gc.start_ns = cp_clock_ns(CP_CLOCK_MONOTONIC);
	gc.next = gc.get_handler();
	gc.set_handler(on_event);
	return true;
}

void cp_gctrace_silence(void)
{
	gc.is_silent = true;
}

void cp_gctrace_stop(void)
{
	if (gc.set_handler && gc.get_handler() == on_event)
		gc.set_handler(gc.next);
}
