// SPDX-License-Identifier: MIT
// Context: CTL, our own thread. See schedtrace.h.
#include "schedtrace.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "decimal.h"
#include "kind/wait_reason.h"
#include "output.h"
#include "sched_threads.h"
#include "sigsafe/clock.h"
#include "write/grow.h"
#include "write/vformat.h"

enum { LIST_BYTES = 3 * CPU_SETSIZE };

static struct {
	struct cp_sched_threads threads;
	uint64_t start_ns, last_ns;
	uint64_t cpu_ns;
	long nvoluntary, ninvoluntary;
} trace;

/// What a line says

struct summary {
	cpu_set_t allowed;
	unsigned nthreads, nidle;
	unsigned on_cpu[CPU_SETSIZE]; // that can run, by the CPU they were on last
	uint64_t wait_ns;             // for a CPU, since the last line
	uint64_t own_run_ns;
};

static void summarize(struct summary *s)
{
	memset(s, 0, sizeof(*s));
	sched_getaffinity(0, sizeof(s->allowed), &s->allowed);
	for (size_t i = 0; i < trace.threads.count; i++) {
		const struct cp_sched_thread *t = &trace.threads.list[i];
		if (t->is_own) {
			s->own_run_ns += t->step.run_ns;
			continue;
		}
		s->nthreads++;
		s->wait_ns += t->step.wait_ns;
		if (t->state != 'R')
			s->nidle++;
		else if (t->cpu >= 0 && t->cpu < CPU_SETSIZE)
			s->on_cpu[t->cpu]++;
	}
}

/** Threads that can run beyond the one that may be running there. */
static unsigned queued_on(const struct summary *s, int cpu)
{
	return s->on_cpu[cpu] > 1 ? s->on_cpu[cpu] - 1 : 0;
}

static struct cp_debug_decimal average(uint64_t ns, uint64_t step_ns)
{
	return cp_debug_decimal(step_ns ? ns * 1000 / step_ns : 0, 2);
}

/** The sum over the CPUs, and "[ 1 0 ]". */
static unsigned list_queues(const struct summary *s, char list_out[LIST_BYTES], unsigned *nidle_out)
{
	size_t len = cp_format(list_out, LIST_BYTES, "[");
	unsigned total = 0;
	*nidle_out = 0;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &s->allowed))
			continue;
		total += queued_on(s, cpu);
		*nidle_out += s->on_cpu[cpu] == 0;
		len += cp_format(list_out + len, LIST_BYTES - len, " %u", queued_on(s, cpu));
	}
	cp_format(list_out + len, LIST_BYTES - len, " ]");
	return total;
}

static void print_summary(const struct summary *s, uint64_t now_ns, const struct rusage *usage, uint64_t cpu_step_ns)
{
	char queues[LIST_BYTES];
	unsigned nidle_cpus;
	unsigned runqueue = list_queues(s, queues, &nidle_cpus);
	uint64_t step_ns = now_ns - trace.last_ns;
	uint64_t run_ns = cpu_step_ns > s->own_run_ns ? cpu_step_ns - s->own_run_ns : 0;
	cp_debug_printf("SCHED %llums: cpus=%d idlecpus=%u threads=%u idlethreads=%u runqueue=%u %s running=%s "
			"waiting=%s switches=%ld+%ld\n",
			(unsigned long long)((now_ns - trace.start_ns) / CP_NS_PER_MS), CPU_COUNT(&s->allowed),
			nidle_cpus, s->nthreads, s->nidle, runqueue, queues, average(run_ns, step_ns).text,
			average(s->wait_ns, step_ns).text, usage->ru_nvcsw - trace.nvoluntary,
			usage->ru_nivcsw - trace.ninvoluntary);
}

/// Details

static void print_cpus(const struct summary *s)
{
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &s->allowed))
			cp_debug_printf("  P%d: status=%d runqsize=%u\n", cpu, s->on_cpu[cpu] > 0, queued_on(s, cpu));
	}
}

/** Names, and what blocked threads wait for: read only for details. */
static bool look_closer(struct cp_threads_snapshot *snapshot)
{
	if (!cp_grow(&snapshot->threads, &snapshot->threads_cap_bytes,
			trace.threads.count * sizeof(*snapshot->threads)))
		return false;
	for (size_t i = 0; i < trace.threads.count; i++) {
		struct cp_thread_seen *seen = &snapshot->threads[i];
		*seen = (struct cp_thread_seen){.tid = trace.threads.list[i].tid};
		seen->is_gone = cp_task_read_status(seen->tid, &seen->status) < 0;
		if (seen->status.state == 'S')
			cp_task_read_syscall(seen->tid, &seen->call);
	}
	snapshot->nthreads = trace.threads.count;
	return true;
}

static void print_threads(uint64_t step_ns)
{
	struct cp_threads_snapshot snapshot = {0};
	char reason[CP_WAIT_REASON_BYTES];
	if (!look_closer(&snapshot))
		return;
	for (size_t i = 0; i < snapshot.nthreads; i++) {
		const struct cp_sched_thread *t = &trace.threads.list[i];
		const struct cp_thread_seen *seen = &snapshot.threads[i];
		if (t->is_own || seen->is_gone)
			continue;
		cp_wait_reason(&snapshot, seen, reason);
		cp_debug_printf("  M%d: p=%d status=%c(%s) running=%s waiting=%s slices=%llu name=\"%s\"\n", t->tid,
				t->cpu, seen->status.state, reason, average(t->step.run_ns, step_ns).text,
				average(t->step.wait_ns, step_ns).text, (unsigned long long)t->step.nslices,
				seen->status.name);
	}
	cp_threads_free(&snapshot);
}

void cp_schedtrace_print(bool with_details)
{
	static struct summary s CP_TABLE; // too large for our stack
	struct rusage usage = {0};
	if (cp_sched_threads_read(&trace.threads) < 0)
		return;
	uint64_t now_ns = cp_clock_ns(CP_CLOCK_MONOTONIC), cpu_ns = cp_clock_ns(CP_CLOCK_PROCESS_CPU);
	getrusage(RUSAGE_SELF, &usage);
	if (trace.start_ns == 0)
		trace.start_ns = now_ns;
	summarize(&s);
	print_summary(&s, now_ns, &usage, trace.last_ns ? cpu_ns - trace.cpu_ns : 0);
	if (with_details) {
		print_cpus(&s);
		print_threads(now_ns - trace.last_ns);
	}
	trace.last_ns = now_ns;
	trace.cpu_ns = cpu_ns;
	trace.nvoluntary = usage.ru_nvcsw;
	trace.ninvoluntary = usage.ru_nivcsw;
}
