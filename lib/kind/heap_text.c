// SPDX-License-Identifier: MIT
// Context: CTL. See heap_text.h. Unlike profile.proto the values are not scaled: the header's rate tells
// readers how to do it (it is doubled, an old quirk of the format that all readers undo).
#include "heap_text.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "heap_hook.h"
#include "write/grow.h"
#include "write/text_out.h"

/** The buckets to print: those that count all (lifetime 0), most bytes in use first. */
struct listing {
	struct cp_text_out *out;
	struct cp_stack **stacks;
	size_t count, cap_bytes;
	int64_t totals[4]; // by enum cp_heap_value
	int rc;
};

static int64_t value(const struct cp_stack *s, enum cp_heap_value which)
{
	return load(&s->values[which], relaxed);
}

static void collect(struct cp_stack *s, void *arg)
{
	struct listing *l = arg;
	void *stacks = l->stacks;
	if (cp_heap_tag_lifetime_log2(s->tag) || l->rc != 0)
		return;
	if (!cp_grow(&stacks, &l->cap_bytes, (l->count + 1) * sizeof(*l->stacks))) {
		l->rc = -ENOMEM;
		return;
	}
	l->stacks = stacks;
	l->stacks[l->count++] = s;
	for (int i = 0; i < 4; i++)
		l->totals[i] += value(s, (enum cp_heap_value)i);
	cp_text_out_add(l->out, s->pcs, s->npcs, s->epoch);
}

static bool is_before(const struct cp_stack *a, const struct cp_stack *b)
{
	return value(a, CP_HEAP_INUSE_BYTES) > value(b, CP_HEAP_INUSE_BYTES);
}

static void sift_down(struct cp_stack **s, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && is_before(s[child], s[child + 1]))
			child++;
		if (!is_before(s[root], s[child]))
			return;
		struct cp_stack *old = s[root];
		s[root] = s[child];
		s[child] = old;
	}
}

// Heapsort: qsort() may call malloc.
static void sort(struct cp_stack **s, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_down(s, i, count);
	for (size_t i = count; i-- > 1;) {
		struct cp_stack *old = s[0];
		s[0] = s[i];
		s[i] = old;
		sift_down(s, 0, i);
	}
}

static void print_counts(struct cp_text_out *o, const int64_t *v, bool is_header)
{
	// Were in use and allocated bytes equal, pprof would take the profile for one without allocations.
	int64_t alloc_bytes = v[CP_HEAP_ALLOC_BYTES] + (is_header && v[CP_HEAP_ALLOC_BYTES] == v[CP_HEAP_INUSE_BYTES]);
	cp_text_out_printf(o, "%lld: %lld [%lld: %lld] @", (long long)v[CP_HEAP_INUSE_OBJECTS],
			(long long)v[CP_HEAP_INUSE_BYTES], (long long)v[CP_HEAP_ALLOC_OBJECTS],
			(long long)alloc_bytes);
}

/** /proc/self/statm without stdio, which allocates. */
static void print_statm(struct cp_text_out *o)
{
	static const char *const names[] = {"VmSize", "Resident", "Shared"};
	char text[128] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
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
	l.rc = cp_text_out_begin(&l.out, writer);
	if (l.rc != 0)
		return l.rc;
	cp_stacktab_each(&cp_heap.buckets, collect, &l);
	cp_text_out_resolve(l.out);
	sort(l.stacks, l.count);
	cp_text_out_printf(l.out, "heap profile: ");
	print_counts(l.out, l.totals, true);
	cp_text_out_printf(l.out, " heap/%llu\n",
			2 * (unsigned long long)cp_heap.rates[load(&cp_heap.rate_index, relaxed)]);
	for (size_t i = 0; i < l.count; i++) {
		const struct cp_stack *s = l.stacks[i];
		int64_t values[4];
		for (int v = 0; v < 4; v++)
			values[v] = value(s, (enum cp_heap_value)v);
		print_counts(l.out, values, false);
		cp_text_out_addresses(l.out, s->pcs, s->npcs);
		cp_text_out_printf(l.out, "\n");
		cp_text_out_stack(l.out, s->pcs, s->npcs, s->epoch);
		cp_text_out_printf(l.out, "\n");
	}
	print_tail(l.out);
	void *stacks = l.stacks;
	cp_grow_free(&stacks, &l.cap_bytes);
	int rc = cp_text_out_end(l.out);
	return l.rc ? l.rc : rc;
}
