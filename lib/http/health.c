// SPDX-License-Identifier: MIT
// Context: CTL. How the profiler itself is doing, for the index page: what is switched on, what it lost, what it
// takes. Only what is known already: nobody is asked, no thread is signalled.
#include <errno.h>
#include <unistd.h>

#include "handler.h"
#include "kind/contention.h"
#include "kind/cpu.h"
#include "kind/heap.h"
#include "kind/threads.h"
#include "markup.h"
#include "sigsafe/labels.h"
#include "sigsafe/pagealloc.h"

static void begin_row(struct cp_reply *r, const char *title)
{
	cp_reply_printf(r, "<tr><th>%s</th><td>", title);
}

static void end_row(struct cp_reply *r)
{
	cp_reply_text(r, "</td></tr>\n");
}

static void put_cpu(struct cp_reply *r)
{
	struct cp_cpu_health h = cp_cpu_health();
	begin_row(r, "CPU");
	if (h.is_running)
		cp_reply_printf(r, "running at %d Hz", h.rate_hz);
	else
		cp_reply_printf(r, "off; the next one at %d Hz", cp_cpu_defaults().rate_hz);
	if (h.was_on) {
		cp_reply_text(r, h.is_running ? "; engine: " : "; the last one's engine: ");
		cp_put_html(r, h.reason);
		end_row(r);
		begin_row(r, "Samples");
		cp_reply_printf(r, "%llu taken, %llu lost, %llu without a whole stack", (unsigned long long)h.samples,
				(unsigned long long)h.lost, (unsigned long long)h.cut);
	}
	end_row(r);
	begin_row(r, "Threads");
	cp_reply_printf(r, "%llu", (unsigned long long)cp_threads_count());
	if (h.was_on)
		cp_reply_printf(r, ", %u not profiled, %u that block the signal and have no stacks", h.unarmed,
				h.blocked);
	end_row(r);
}

static void put_heap(struct cp_reply *r)
{
	const char *blindness = cp_heap_blindness();
	int64_t rate_bytes = cp_heap_rate();
	begin_row(r, "Heap");
	if (blindness) {
		cp_reply_text(r, "not seen: ");
		cp_put_html(r, blindness);
	} else if (rate_bytes == 0) {
		cp_reply_text(r, "off");
	} else {
		cp_reply_printf(r, "a sample in %lld bytes, %llu lost", (long long)rate_bytes,
				(unsigned long long)cp_heap_lost());
	}
	end_row(r);
}

/** before, after: around the number. */
static void put_contention(struct cp_reply *r, const char *title, enum cp_contention_kind kind, const char *before,
		const char *after)
{
	int64_t sampling = cp_contention_sampling(kind);
	begin_row(r, title);
	if (sampling > 0)
		cp_reply_printf(r, "%s %lld %s", before, (long long)sampling, after);
	else
		cp_reply_text(r, "off");
	end_row(r);
}

static void put_cost(struct cp_reply *r)
{
	begin_row(r, "Memory");
	cp_reply_printf(r, "%llu KiB of address space are the profiler's",
			(unsigned long long)cp_pagealloc_bytes() / 1024);
	end_row(r);
	if (cp_labels_refused() == 0)
		return;
	begin_row(r, "Labels");
	cp_reply_printf(r, "%llu sets were refused, there are too many", (unsigned long long)cp_labels_refused());
	end_row(r);
}

void cp_http_put_health(struct cp_exchange *x)
{
	struct cp_reply *r = &x->reply;
	cp_reply_text(r, "<h2>The profiler</h2>\n<table class=\"health\">\n<tr><th>Process</th><td>");
	cp_put_html(r, program_invocation_short_name);
	cp_reply_printf(r, ", %d; cprof %s</td></tr>\n", (int)getpid(), cprof_version());
	put_cpu(r);
	put_heap(r);
	put_contention(r, "Block", CP_KIND_BLOCK, "a sample in", "nanoseconds of waiting");
	put_contention(r, "Mutex", CP_KIND_MUTEX, "one of", "contended releases");
	put_contention(r, "Syscall", CP_KIND_SYSCALL, "a sample in", "nanoseconds of waiting");
	put_cost(r);
	cp_reply_text(r, "</table>\n");
}
