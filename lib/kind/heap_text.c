// SPDX-License-Identifier: MIT
// Context: CTL. See heap_text.h. Unlike profile.proto the values are not scaled: the header's rate tells
// readers how to do it (it is doubled, an old quirk of the format that all readers undo).
#include "heap_text.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "heap_count_hook.h"
#include "heap_hook.h"
#include "sigsafe/file.h"
#include "stack_list.h"
#include "write/text_out.h"

/** The buckets to print, most bytes in use first. */
struct listing {
	struct cp_text_out *out;
	struct cp_stack_list list;
	struct cp_heap_amount in_use, allocated;
};

static void add(struct cp_heap_amount *sum, struct cp_heap_amount amount)
{
	sum->objects += amount.objects;
	sum->bytes += amount.bytes;
}

static void collect(struct cp_stack *s, void *arg)
{
	struct listing *l = arg;
	cp_stack_list_add(&l->list, s);
	add(&l->in_use, cp_heap_in_use(s));
	add(&l->allocated, cp_heap_allocated(s));
	cp_text_out_add(l->out, s->pcs, s->npcs, s->epoch);
}

static bool holds_more(const struct cp_stack *a, const struct cp_stack *b)
{
	return cp_heap_in_use(a).bytes > cp_heap_in_use(b).bytes;
}

static void print_amounts(struct cp_text_out *o, struct cp_heap_amount in_use, struct cp_heap_amount allocated)
{
	cp_text_out_printf(o, "%lld: %lld [%lld: %lld] @", (long long)in_use.objects, (long long)in_use.bytes,
			(long long)allocated.objects, (long long)allocated.bytes);
}

static void print_header(const struct listing *l)
{
	struct cp_heap_amount allocated = l->allocated;
	// Were in use and allocated bytes equal, pprof would take the profile for one without allocations.
	allocated.bytes += allocated.bytes == l->in_use.bytes;
	cp_text_out_printf(l->out, "heap profile: ");
	print_amounts(l->out, l->in_use, allocated);
	cp_text_out_printf(l->out, " heap/%llu\n",
			2 * (unsigned long long)cp_heap_rates[load(&cp_heap.rate_index, relaxed)]);
}

static void print_bucket(struct cp_text_out *o, const struct cp_stack *s)
{
	print_amounts(o, cp_heap_in_use(s), cp_heap_allocated(s));
	cp_text_out_addresses(o, s->pcs, s->npcs);
	cp_text_out_printf(o, "\n");
	cp_text_out_stack(o, s->pcs, s->npcs, s->epoch);
	cp_text_out_printf(o, "\n");
}

/** /proc/thread-self/statm without stdio, which allocates. */
static void print_statm(struct cp_text_out *o)
{
	static const char *const names[] = {"VmSize", "Resident", "Shared"};
	char text[128];
	long n = cp_read_text("/proc/thread-self/statm", text, sizeof(text));
	const char *at = text;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && n > 0; i++) {
		unsigned long pages = 0;
		for (; *at >= '0' && *at <= '9'; at++)
			pages = pages * 10 + (unsigned long)(*at - '0');
		at += *at == ' ';
		cp_text_out_printf(o, "# %s = %lu\n", names[i], pages * (unsigned long)sysconf(_SC_PAGESIZE));
	}
}

/** What runtime.MemStats is to Go, in the words of mallinfo2, getrusage and ourselves. */
static void print_tail(struct cp_text_out *o)
{
	struct mallinfo2 m = mallinfo2();
	struct rusage usage = {0};
	getrusage(RUSAGE_SELF, &usage);
	cp_text_out_printf(o, "\n# malloc\n# Arena = %zu\n# InUse = %zu\n# Free = %zu\n", m.arena, m.uordblks,
			m.fordblks);
	cp_text_out_printf(o, "# Mmapped = %zu\n# MmappedBlocks = %zu\n# Releasable = %zu\n", m.hblkhd,
			m.hblks, m.keepcost);
	print_statm(o);
	cp_text_out_printf(o, "# MaxRSS = %lu\n# MinorFaults = %ld\n# MajorFaults = %ld\n",
			(unsigned long)usage.ru_maxrss * 1024, usage.ru_minflt, usage.ru_majflt);
	cp_text_out_printf(o, "# ProfilerAddressSpace = %zu\n# ProfilerSamplesLost = %llu\n",
			cp_pagealloc_bytes(), (unsigned long long)load(&cp_heap.lost_samples, relaxed));
}

int cp_heap_write_text(struct cprof_writer writer)
{
	struct listing l = {0};
	int rc = cp_text_out_begin(&l.out, writer);
	if (rc != 0)
		return rc;
	cp_stacktab_each(&cp_heap.buckets, collect, &l);
	cp_text_out_resolve_lines(l.out);
	cp_stack_list_sort(&l.list, holds_more);
	print_header(&l);
	for (size_t i = 0; i < l.list.count; i++)
		print_bucket(l.out, l.list.stacks[i]);
	print_tail(l.out);
	bool is_short = l.list.is_short;
	cp_stack_list_free(&l.list);
	rc = cp_text_out_end(l.out);
	return rc == 0 && is_short ? -ENOMEM : rc;
}
