// SPDX-License-Identifier: MIT
// Context: SIG. The perf engine: a perf_event (task-clock) on each thread.
//
// Exact to 10 kHz, but it costs a descriptor a thread, 25 us a tick and something at every context
// switch; so nothing stays open while profiling is off. Where the kernel forbids to sample kernel
// time, the event still counts it: what was counted and not delivered is the undelivered part.
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <linux/signal.h>
#include <string.h>

#include "cpu_engine_hook.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/random.h"
#include "sigsafe/sigmask.h"

enum {
	PROBE_NS = 1000000,
	PROBE_SPINS = 20000,
	PROBE_PERIOD_NS = 100000,
	// The event goes on with its first period until the handler runs: were it very short, the interrupts
	// alone would fill the time and no handler would ever run.
	MIN_PERIOD_NS = 100000,
};

struct fd_owner { // struct f_owner_ex
	int type;
	int pid;
};

static struct {
	_Atomic bool user_only;
	_Atomic uint32_t nevents;
	uint32_t max_events;
	int lowest_fd;
	_Atomic uint32_t *thread_of_fd; // indexes of records
	uint32_t nfds;
	_Atomic uint32_t want_period; // a list of records, by queue_next
	_Atomic int probe_fd;
	_Atomic uint32_t probe_ticks;
} perf = {.max_events = 1, .probe_fd = -1};

int cp_cpu_perf_limit_fds(uint32_t max_events, int lowest_fd, uint32_t nfds)
{
	if (nfds > perf.nfds) {
		// An old table, if the limit grew, is left to handlers that may still look into it.
		_Atomic uint32_t *table = cp_pages_alloc(nfds * sizeof(*table));
		if (!table)
			return -ENOMEM;
		perf.thread_of_fd = table;
		perf.nfds = nfds;
	}
	perf.max_events = max_events;
	perf.lowest_fd = lowest_fd;
	return 0;
}

static int open_event(int tid, uint64_t period_ns, bool user_only)
{
	struct perf_event_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.type = PERF_TYPE_SOFTWARE;
	attr.size = sizeof(attr);
	attr.config = PERF_COUNT_SW_TASK_CLOCK;
	attr.sample_period = period_ns;
	attr.disabled = 1;
	attr.exclude_kernel = user_only;
	attr.exclude_hv = 1;
	attr.wakeup_events = 1;
	return (int)cp_syscall6(
		SYS_perf_event_open, (long)&attr, tid, -1, -1, PERF_FLAG_FD_CLOEXEC, 0);
}

/** An event on tid, with kernel time if the kernel lets us. The first refusal is remembered. */
static int open_allowed(int tid, uint64_t period_ns)
{
	if (!load(&perf.user_only, relaxed)) {
		int fd = open_event(tid, period_ns, false);
		if (fd != -EACCES && fd != -EPERM)
			return fd;
	}
	int fd = open_event(tid, period_ns, true);
	if (fd >= 0)
		store(&perf.user_only, true, relaxed);
	return fd;
}

/** Out of the way of programs that use select() or count their descriptors from 3. */
static int move_high(int fd)
{
	long high = cp_syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, perf.lowest_fd, 0);
	if (high < 0)
		return fd;
	cp_syscall(SYS_close, fd, 0, 0, 0);
	return (int)high;
}

/** Sends the event's overflows to tid as our signal. */
static int send_signal_to(int fd, int tid)
{
	struct fd_owner owner = {F_OWNER_TID, tid};
	long ret = cp_syscall(SYS_fcntl, fd, F_SETOWN_EX, &owner, 0);
	if (ret >= 0)
		ret = cp_syscall(SYS_fcntl, fd, F_SETSIG, cp_cpu_engine_params.signal, 0);
	if (ret >= 0)
		ret = cp_syscall(SYS_fcntl, fd, F_SETFL, O_ASYNC | O_NONBLOCK, 0);
	return (int)ret;
}

static uint64_t event_count_ns(int fd)
{
	uint64_t count_ns = 0;
	if (cp_syscall(SYS_read, fd, &count_ns, sizeof(count_ns), 0) != sizeof(count_ns))
		return 0;
	return count_ns;
}

static void close_event(struct cp_thread *t)
{
	cp_syscall(SYS_close, t->perf_fd, 0, 0, 0);
	fetch_sub(&perf.nevents, 1, relaxed);
}

/** Opens t's event and enters its descriptor, by which a handler finds t. */
static int open_for(struct cp_thread *t, uint64_t period_ns)
{
	if (fetch_add(&perf.nevents, 1, relaxed) >= perf.max_events) {
		fetch_sub(&perf.nevents, 1, relaxed);
		return -EMFILE;
	}
	int fd = open_allowed(load(&t->tid, relaxed), period_ns);
	if (fd < 0) {
		fetch_sub(&perf.nevents, 1, relaxed);
		return fd;
	}
	t->perf_fd = fd = move_high(fd);
	if ((uint32_t)fd >= perf.nfds) {
		close_event(t);
		return -EMFILE;
	}
	store(&perf.thread_of_fd[fd], t->index, release);
	return 0;
}

static int perf_arm(struct cp_thread *t, uint64_t first_ns)
{
	first_ns = first_ns > MIN_PERIOD_NS ? first_ns : MIN_PERIOD_NS;
	int ret = open_for(t, first_ns);
	if (ret < 0)
		return ret;
	store(&t->has_period, first_ns == cp_cpu_engine_params.period_ns, relaxed);
	t->engine = &cp_cpu_perf;
	ret = send_signal_to(t->perf_fd, load(&t->tid, relaxed));
	if (ret >= 0)
		ret = (int)cp_syscall(SYS_ioctl, t->perf_fd, PERF_EVENT_IOC_ENABLE, 0, 0);
	if (ret < 0)
		close_event(t);
	return ret;
}

static bool is_ours(int fd, int tid)
{
	struct fd_owner owner = {-1, -1};
	return cp_syscall(SYS_fcntl, fd, F_GETOWN_EX, &owner, 0) >= 0 &&
	       owner.type == F_OWNER_TID && owner.pid == tid &&
	       cp_syscall(SYS_fcntl, fd, F_GETSIG, 0, 0) == cp_cpu_engine_params.signal;
}

/** The program may have closed our descriptor, and the number may be another file's now. */
static bool still_has_event(const struct cp_thread *t)
{
	// The owner of an event of a thread that has ended reads as nobody: its signal is left to check.
	return is_ours(t->perf_fd, load(&t->tid, relaxed)) || is_ours(t->perf_fd, 0);
}

static bool perf_is_gone(const struct cp_thread *t)
{
	return !still_has_event(t);
}

/** By a period a little shorter or longer until the next time: clocks say what a tick stands for. Not where it is
 *  worth one period whatever it is. */
static void perf_move(struct cp_thread *t)
{
	uint64_t period_ns = cp_cpu_engine_params.period_ns;
	struct cp_random random;
	if (!load(&t->has_period, relaxed) || load(&perf.user_only, relaxed) ||
		!is_ours(t->perf_fd, load(&t->tid, relaxed)))
		return;
	cp_random_seed(&random);
	period_ns = period_ns * 9 / 10 + cp_random_below(&random, period_ns / 5);
	cp_syscall(SYS_ioctl, t->perf_fd, PERF_EVENT_IOC_PERIOD, &period_ns, 0);
}

static void perf_disarm(struct cp_thread *t)
{
	if (still_has_event(t))
		close_event(t);
	else
		fetch_sub(&perf.nevents, 1, relaxed);
}

static enum cp_marker perf_undelivered(void)
{
	return load(&perf.user_only, relaxed) ? CP_MARKER_KERNEL : CP_MARKER_THREAD_EXIT;
}

/**
 * After the random first period all are equal; but the handler makes no system call for it that a
 * sandboxed thread might not be allowed: the collector does. Until then ticks come too often.
 */
static void want_period(struct cp_thread *t)
{
	if (exchange(&t->is_queued, true, acq_rel))
		return;
	uint32_t head = load(&perf.want_period, relaxed);
	do
		store(&t->queue_next, head, relaxed);
	while (!compare_exchange(&perf.want_period, &head, t->index, release));
}

CP_NEAR bool cp_cpu_perf_wants_periods(void)
{
	return load(&perf.want_period, relaxed) != 0;
}

void cp_cpu_perf_set_periods(void)
{
	uint32_t index = exchange(&perf.want_period, 0, acquire);
	while (index != 0) {
		struct cp_thread *t = cp_thread_at(index);
		index = load(&t->queue_next, relaxed);
		// The record may be another thread's by now, which is served a little early.
		if (load(&t->state, acquire) == CP_THREAD_ARMED && t->engine == &cp_cpu_perf &&
			is_ours(t->perf_fd, load(&t->tid, relaxed))) {
			cp_syscall(SYS_ioctl, t->perf_fd, PERF_EVENT_IOC_PERIOD,
				&cp_cpu_engine_params.period_ns, 0);
			store(&t->has_period, true, release);
		}
		store(&t->is_queued, false, release);
	}
}

uint64_t cp_cpu_perf_weight(struct cp_thread *t)
{
	bool has_period = load(&t->has_period, acquire);
	bool is_first = load(&t->ticks, relaxed) == 0;
	if (!has_period && !is_first) // a thread that ends before its second tick needs none
		want_period(t);
	// Where the kernel's time may not be sampled, what went by there says nothing about this place: it
	// is owed until disarm(). Else overflows that met a pending signal (in a long system call) are in it.
	if (load(&perf.user_only, relaxed))
		return has_period || is_first ? 1 : 0;
	return cp_cpu_owed(t);
}

struct cp_thread *cp_cpu_perf_thread(const struct cp_signal *signal)
{
	if (signal->code != POLL_IN || (uint32_t)signal->fd >= perf.nfds)
		return NULL;
	struct cp_thread *t = cp_thread_at(load(&perf.thread_of_fd[signal->fd], acquire));
	return t && t->engine == &cp_cpu_perf && t->perf_fd == signal->fd ? t : NULL;
}

bool cp_cpu_perf_is_probe(const struct cp_signal *signal)
{
	if (signal->code != POLL_IN || signal->fd != load(&perf.probe_fd, relaxed))
		return false;
	fetch_add(&perf.probe_ticks, 1, relaxed);
	// One is enough; and where a signal costs more than a period no more than one would ever be over.
	cp_syscall(SYS_ioctl, signal->fd, PERF_EVENT_IOC_DISABLE, 0, 0);
	return true;
}

/** Burns PROBE_NS of the caller's CPU time under the event, or less. Counted and signalled: it works. */
static int burn_under(int fd)
{
	cp_syscall(SYS_ioctl, fd, PERF_EVENT_IOC_ENABLE, 0, 0);
	uint64_t start_ns = cp_clock_ns(CP_CLOCK_THREAD_CPU);
	while (load(&perf.probe_ticks, relaxed) == 0 &&
		cp_clock_ns(CP_CLOCK_THREAD_CPU) - start_ns < PROBE_NS) {
		// Not in the kernel, where the event may be blind.
		for (int i = 0; i < PROBE_SPINS; i++)
			__asm__ volatile("" ::: "memory");
	}
	cp_syscall(SYS_ioctl, fd, PERF_EVENT_IOC_DISABLE, 0, 0);
	bool works = event_count_ns(fd) >= PROBE_PERIOD_NS / 2 && load(&perf.probe_ticks, relaxed) > 0;
	return works ? 0 : -EIO;
}

int cp_cpu_perf_probe(void)
{
	store(&perf.user_only, false, relaxed);
	int tid = cp_gettid();
	int fd = open_allowed(tid, PROBE_PERIOD_NS);
	if (fd < 0)
		return fd;
	fd = move_high(fd);
	store(&perf.probe_ticks, 0, relaxed);
	store(&perf.probe_fd, fd, relaxed);
	uint64_t mask = cp_sigmask(CP_SIG_UNBLOCK, cp_sigmask_of(cp_cpu_engine_params.signal));
	int ret = send_signal_to(fd, tid);
	if (ret >= 0)
		ret = burn_under(fd);
	cp_sigmask_restore(mask);
	cp_syscall(SYS_close, fd, 0, 0, 0);
	store(&perf.probe_fd, -1, relaxed);
	return ret;
}

bool cp_cpu_perf_sees_kernel(void)
{
	int fd = open_event(cp_gettid(), PROBE_PERIOD_NS, false);
	if (fd >= 0)
		cp_syscall(SYS_close, fd, 0, 0, 0);
	return fd != -EACCES && fd != -EPERM;
}

bool cp_cpu_perf_was_used(void)
{
	return perf.nfds > 0;
}

void cp_cpu_perf_pause(struct cp_thread *t, bool pause)
{
	if (t && t->engine == &cp_cpu_perf && is_ours(t->perf_fd, load(&t->tid, relaxed)))
		cp_syscall(SYS_ioctl, t->perf_fd,
			pause ? PERF_EVENT_IOC_DISABLE : PERF_EVENT_IOC_ENABLE, 0, 0);
}

void cp_cpu_perf_reset(void)
{
	store(&perf.want_period, 0, relaxed);
	store(&perf.nevents, 0, relaxed);
}

void cp_cpu_perf_close_in_child(struct cp_thread *t)
{
	if (t->engine == &cp_cpu_perf && is_ours(t->perf_fd, load(&t->tid, relaxed)))
		cp_syscall(SYS_close, t->perf_fd, 0, 0, 0); // disabling it would reach the parent's
}

const struct cp_cpu_engine cp_cpu_perf = {
	.name = "perf",
	.arm = perf_arm,
	.move = perf_move,
	.is_gone = perf_is_gone,
	.disarm = perf_disarm,
	.undelivered = perf_undelivered,
};
