// SPDX-License-Identifier: MIT
// Context: CTL, our own thread. See heaptrace.h.
#include "heaptrace.h"

#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>

#include "decimal.h"
#include "output.h"
#include "sigsafe/clock.h"

enum {
	MIN_WAIT_NS = 10000000,
	COST_SHARE = 100,
	MIN_CHANGE_BYTES = 1 << 20,
	CHANGE_SHARE = 8,
	FOREIGN_AFTER_NS = 1000000000, // a program that has not called malloc for so long uses another
};

static struct {
	uint64_t start_ns;
	unsigned long long nlines;
	size_t system_bytes; // at the last line
	size_t in_use_bytes;
} heap;

static const char *what_happened(size_t system_bytes, size_t in_use_bytes)
{
	bool is_more = system_bytes > heap.system_bytes;
	size_t change_bytes = is_more ? system_bytes - heap.system_bytes : heap.system_bytes - system_bytes;
	if (change_bytes >= MIN_CHANGE_BYTES && change_bytes >= heap.system_bytes / CHANGE_SHARE)
		return is_more ? "grew" : "trimmed";
	if (in_use_bytes >= MIN_CHANGE_BYTES && in_use_bytes / 2 >= heap.in_use_bytes)
		return "in use doubled";
	return NULL;
}

static void print_change(uint64_t now_ns, size_t system_bytes, size_t in_use_bytes, const char *what)
{
	cp_debug_printf("malloc %llu @%ss: %zu->%zu MB, %zu MB in use, %s\n", ++heap.nlines,
			cp_debug_decimal((now_ns - heap.start_ns) / CP_NS_PER_MS, 3).text, heap.system_bytes >> 20,
			system_bytes >> 20, in_use_bytes >> 20, what);
	heap.system_bytes = system_bytes;
	heap.in_use_bytes = in_use_bytes;
}

uint64_t cp_heaptrace_look(uint64_t now_ns)
{
	const struct mallinfo2 m = mallinfo2();
	size_t system_bytes = m.arena + m.hblkhd, in_use_bytes = m.uordblks + m.hblkhd;
	if (heap.start_ns == 0)
		heap.start_ns = now_ns;
	if (system_bytes == 0 && now_ns - heap.start_ns > FOREIGN_AFTER_NS) {
		cp_debug_printf("malloc: not glibc's in this program: no lines\n");
		return UINT64_MAX;
	}
	const char *what = what_happened(system_bytes, in_use_bytes);
	if (what)
		print_change(now_ns, system_bytes, in_use_bytes, what);
	uint64_t cost_ns = cp_clock_ns(CP_CLOCK_MONOTONIC) - now_ns;
	return cost_ns * COST_SHARE > MIN_WAIT_NS ? cost_ns * COST_SHARE : MIN_WAIT_NS;
}
