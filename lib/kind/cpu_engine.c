// SPDX-License-Identifier: MIT
// Context: CTL. Which engine, and why: what was asked, what the tick allows, what a trial shows.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cpu_session.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "sigsafe/taskdir.h"
#include "task_info.h"

enum {
	HIGH_FD = 1024,
	MAX_FDS = 1 << 20, // the limit may be in the billions, and there is a table
};

/** 1 / CONFIG_HZ: the resolution of the coarse clocks, which are set at the tick. */
static uint64_t kernel_tick_ns(void)
{
	struct cp_timespec resolution;
	if (cp_syscall(SYS_clock_getres, CP_CLOCK_REALTIME_COARSE, &resolution, 0, 0) < 0 ||
		resolution.nsec <= 0)
		return 10 * CP_NS_PER_MS;
	return (uint64_t)resolution.nsec;
}

/** perf events may take descriptors until three quarters of the limit are in use, high numbers
 * first. */
static int set_fd_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		limit.rlim_cur = 1024;
	int64_t usable = (int64_t)(limit.rlim_cur > MAX_FDS ? MAX_FDS : limit.rlim_cur) / 4 * 3;
	int64_t room = usable - cp_taskdir_count("/proc/self/fd");
	int64_t lowest = usable / 2 < HIGH_FD ? usable / 2 : HIGH_FD;
	return cp_cpu_perf_limit_fds(room > 0 ? (uint32_t)room : 0, (int)lowest, (uint32_t)usable);
}

static atomic_bool has_other_files; // than the program: whoever asks

void cp_cpu_do_without_perf(void)
{
	store(&has_other_files, true, relaxed);
}

static int perf_trial(void)
{
	if (load(&has_other_files, relaxed))
		return -EBADF;
	if (cp_cpu_engine_params.signal != SIGPROF)
		return -EBUSY; // a queue that is full would turn a real-time signal into SIGIO,
			       // which kills
	int ret = set_fd_limit();
	return ret < 0 ? ret : cp_cpu_perf_probe();
}

/** Whether the kernel gives the caller a timer. */
static int timer_trial(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	int id;
	long ret = cp_syscall(SYS_timer_create, CP_CLOCK_THREAD_CPU, &event, &id, 0);
	if (ret >= 0)
		cp_syscall(SYS_timer_delete, id, 0, 0, 0);
	return (int)ret;
}

static int itimer_trial(void)
{
	return cp_cpu_engine_params.signal == SIGPROF ? 0 : -EBUSY;
}

static int trial(const struct cp_cpu_engine *engine)
{
	if (engine == &cp_cpu_perf)
		return perf_trial();
	return engine == &cp_cpu_timer ? timer_trial() : itimer_trial();
}

/** Under strace or a debugger a signal costs the thread more than one of perf's periods: it would do nothing
 *  else. Timers leave it the time from one tick of the kernel to the next. */
static bool is_traced(void)
{
	struct cp_task_status status;
	return cp_task_read_status(cp_gettid(), &status) == 0 && status.is_traced;
}

/** What is asked for: by name, or by rate. Says why in s->reason. */
static const struct cp_cpu_engine *wished_engine(struct cp_cpu_session *s)
{
	unsigned tick_hz = (unsigned)(CP_NS_PER_S / cp_cpu_engine_params.tick_ns);
	switch (s->options.engine) {
	case CPROF_CPU_TIMER:
		snprintf(s->reason, sizeof(s->reason), "timer: as asked");
		return &cp_cpu_timer;
	case CPROF_CPU_PERF:
		snprintf(s->reason, sizeof(s->reason), "perf: as asked");
		return &cp_cpu_perf;
	case CPROF_CPU_ITIMER:
		snprintf(s->reason, sizeof(s->reason), "itimer: as asked");
		return &cp_cpu_itimer;
	case CPROF_CPU_AUTO:
		break;
	}
	bool fits = (unsigned)s->options.rate_hz <= tick_hz;
	const char *obstacle = "";
	if (!fits && is_traced())
		obstacle = ", but a tracer makes signals slow";
	else if (!fits && !cp_cpu_perf_sees_kernel()) // fewer looks that see all are worth more than many blind ones
		obstacle = ", but perf may not see the kernel's time here";
	const struct cp_cpu_engine *engine = fits || *obstacle ? &cp_cpu_timer : &cp_cpu_perf;
	snprintf(s->reason, sizeof(s->reason), "%s: %d Hz is %s the kernel's tick rate of %u Hz%s", engine->name,
		s->options.rate_hz, fits ? "within" : "above", tick_hz, obstacle);
	return engine;
}

int cp_cpu_engine_choose(struct cp_cpu_session *s)
{
	// If the wished one fails: timers carry any rate by their overruns, perf is exact, itimer
	// is left.
	const struct cp_cpu_engine *order[] = {NULL, &cp_cpu_timer, &cp_cpu_perf, &cp_cpu_itimer};
	int first_error = 0;
	cp_cpu_engine_params.tick_ns = kernel_tick_ns();
	cp_cpu_engine_params.period_ns = CP_NS_PER_S / (unsigned)s->options.rate_hz;
	order[0] = wished_engine(s);
	for (int i = 0; i < 4; i++) {
		if (i > 0 && order[i] == order[0])
			continue;
		int ret = trial(order[i]);
		if (ret < 0) {
			first_error = first_error ? first_error : ret;
			continue;
		}
		if (i > 0)
			snprintf(s->reason, sizeof(s->reason), "%s: %s does not work here (%s)",
				order[i]->name, order[0]->name, cprof_strerror(first_error));
		cp_cpu_shared.engine = order[i];
		return 0;
	}
	return first_error == -EAGAIN || first_error == -EBUSY ? -EPERM : first_error;
}

void cp_cpu_engine_switch(struct cp_cpu_session *s)
{
	const struct cp_cpu_engine *from = cp_cpu_shared.engine;
	if (from == &cp_cpu_itimer || trial(&cp_cpu_itimer) < 0)
		return;
	snprintf(s->switched, sizeof(s->switched), "itimer: %s gave no tick in a second of CPU time", from->name);
	cp_cpu_shared.engine = &cp_cpu_itimer;
	cp_cpu_tasks_disarm_all(s);
	cp_cpu_itimer_begin(true);
	s->scan = 0; // whom the next one meets is not newborn
	cp_cpu_tasks_scan(s);
}
