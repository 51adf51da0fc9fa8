// SPDX-License-Identifier: MIT
// What one sample costs the sampled thread: CPU time of the same work, at three stack depths, alternately
// without signals, with a bare perf_event signal (an empty handler), and profiled by libcprof at the same
// rate. The kernel's share is the bare one; ours is the rest.
#include <cprof/pprof.h>

#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { RATE_HZ = 5000, ROUNDS = 15, WORK = 60000000 };

static int perf_fd = -1;
static volatile uint64_t sink, bare_signals;
static char scratch[] = "/tmp/bench_sample.XXXXXX";

static int64_t thread_cpu_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

__attribute__((noinline)) static uint64_t work_at_depth(int depth)
{
	uint64_t x = 1;
	if (depth > 0) {
		x = work_at_depth(depth - 1);
	} else {
		for (int i = 0; i < WORK; i++)
			x = x * 6364136223846793005ULL + 1442695040888963407ULL;
	}
	__asm__ volatile("" ::: "memory"); // keep each frame
	return x + 1;
}

static void on_signal(int sig)
{
	bare_signals++;
}

static int bare_open(void)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
			.size = sizeof(attr),
			.config = PERF_COUNT_SW_TASK_CLOCK,
			.sample_period = 1000000000 / RATE_HZ,
			.disabled = 1,
			.exclude_kernel = 1,
			.wakeup_events = 1};
	struct f_owner_ex owner = {F_OWNER_TID, (pid_t)syscall(SYS_gettid)};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0 || fcntl(fd, F_SETFL, O_ASYNC) || fcntl(fd, F_SETSIG, SIGRTMIN + 5) ||
			fcntl(fd, F_SETOWN_EX, &owner))
		return -1;
	signal(SIGRTMIN + 5, on_signal);
	return fd;
}

static int64_t work_ns(int depth)
{
	int64_t before = thread_cpu_ns();
	sink += work_at_depth(depth);
	return thread_cpu_ns() - before;
}

static int64_t bare_ns(int depth)
{
	// Opened for the run alone: an open event costs something at each context switch.
	perf_fd = bare_open();
	if (perf_fd < 0)
		return -1;
	ioctl(perf_fd, PERF_EVENT_IOC_ENABLE, 0);
	int64_t ns = work_ns(depth);
	close(perf_fd);
	return ns;
}

static int64_t profiled_ns(int depth)
{
	if (cprof_start_cpu_profile(cprof_to_path(scratch)))
		return -1;
	int64_t ns = work_ns(depth);
	return cprof_stop_cpu_profile() ? -1 : ns;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

int main(void)
{
	static const int depths[] = {10, 30, 100};
	int fd = mkstemp(scratch);

	if (fd < 0 || cprof_set_cpu_profile_rate(RATE_HZ) || cprof_set_cpu_engine(CPROF_CPU_PERF))
		return 1;
	close(fd);
	printf("## One sample (engine perf, %d Hz, medians of %d paired runs), microseconds of CPU time\n", RATE_HZ,
			ROUNDS);
	printf("%6s %12s %12s %12s\n", "frames", "bare signal", "with cprof", "cprof's own");
	for (unsigned d = 0; d < sizeof(depths) / sizeof(depths[0]); d++) {
		double bare[ROUNDS], profiled[ROUNDS], own[ROUNDS];
		for (int i = 0; i < ROUNDS; i++) {
			double base = (double)work_ns(depths[d]);
			double b = (double)bare_ns(depths[d]), p = (double)profiled_ns(depths[d]);
			if (b < 0 || p < 0) {
				fprintf(stderr, "bench_sample: %s\n", b < 0 ? "no perf_event" : "no profile");
				unlink(scratch);
				return 1;
			}
			double samples = base / 1e9 * RATE_HZ;
			bare[i] = (b - base) / samples / 1e3;
			profiled[i] = (p - base) / samples / 1e3;
			own[i] = profiled[i] - bare[i];
		}
		printf("%6d %12.2f %12.2f %12.2f\n", depths[d], median(bare), median(profiled), median(own));
	}
	unlink(scratch);
	return 0;
}
