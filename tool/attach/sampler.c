// SPDX-License-Identifier: MIT
// See sampler.h. An event of one thread can be inherited by the threads it starts only where it is bound to a
// processor too: so there is one for each thread on each processor, and one buffer a processor.
#include "tool/attach/sampler.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tool/attach/newcomers.h"

enum {
	NS_PER_S = 1000000000,
	STACK_BYTES = 32 << 10,     // deeper than nearly all stacks, and a hundred copies a second are nothing
	FAST_STACK_BYTES = 8 << 10, // from FAST_HZ on
	FAST_HZ = 1000,
	MAX_RING_PAGES = 1024,
	SPARE_FILES = 32,
	MIN_RING_PAGES = 32, // 512 KiB a processor are granted to everybody
	WAKEUP_BYTES = 128 << 10,
#if defined(__aarch64__)
	USER_REGISTERS_BITS = 33,
#else
	USER_REGISTERS_BITS = 24,
#endif
};

#if defined(__aarch64__)
static const uint64_t user_registers = (UINT64_C(1) << USER_REGISTERS_BITS) - 1;
#else // all but the segments of 16 bit programs, which the kernel refuses
static const uint64_t user_registers = ((UINT64_C(1) << USER_REGISTERS_BITS) - 1) & ~UINT64_C(0xf000);
#endif

struct sampler_ring {
	int fd;
	struct perf_event_mmap_page *page;
	size_t bytes; // of the data, which are a page behind
};

static struct perf_event_attr describe_event(int rate_hz)
{
	return (struct perf_event_attr){
			.type = PERF_TYPE_SOFTWARE,
			.size = sizeof(struct perf_event_attr),
			.config = PERF_COUNT_SW_TASK_CLOCK,
			.sample_period = NS_PER_S / (uint64_t)rate_hz,
			.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CALLCHAIN |
					PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
			.sample_regs_user = user_registers,
			.sample_stack_user = rate_hz < FAST_HZ ? STACK_BYTES : FAST_STACK_BYTES,
			.inherit = 1,
			.inherit_thread = 1,
			.exclude_hv = 1,
			.exclude_callchain_user = 1,
			.mmap = 1,
			.mmap2 = 1,
			.comm = 1,
			.task = 1,
			.sample_id_all = 1,
			.use_clockid = 1,
			.clockid = CLOCK_MONOTONIC,
			.watermark = 1,
			.wakeup_watermark = WAKEUP_BYTES,
	};
}

static int open_event(struct sampler *s, int tid, int cpu)
{
	return (int)syscall(SYS_perf_event_open, &s->attr, tid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/** The event as far as this kernel and this user's rights allow it. */
static int open_first(struct sampler *s, int tid, int cpu)
{
	int fd = open_event(s, tid, cpu);
	if (fd < 0 && errno == EINVAL) { // before Linux 5.13: child processes are sampled too
		s->attr.inherit_thread = 0;
		fd = open_event(s, tid, cpu);
	}
	if (fd < 0 && (errno == EACCES || errno == EPERM)) {
		s->attr.exclude_kernel = 1;
		s->sees_kernel = false;
		fd = open_event(s, tid, cpu);
	}
	return fd;
}

static int map_ring(struct sampler_ring *ring, int fd)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	for (size_t pages = MAX_RING_PAGES; pages >= MIN_RING_PAGES; pages /= 2) {
		void *at = mmap(NULL, (pages + 1) * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (at == MAP_FAILED)
			continue;
		*ring = (struct sampler_ring){fd, at, pages * page_bytes};
		return 0;
	}
	return -errno;
}

static int add_event(struct sampler *s, struct sampler_ring *ring, int fd)
{
	if (s->nfds == s->fds_cap) {
		size_t bigger = s->fds_cap ? 2 * s->fds_cap : 64;
		int *fds = realloc(s->fds, bigger * sizeof *fds);
		if (!fds)
			return -ENOMEM;
		s->fds = fds;
		s->fds_cap = bigger;
	}
	s->fds[s->nfds++] = fd;
	if (fd > s->max_fd)
		return -EMFILE;
	if (!ring->page)
		return map_ring(ring, fd);
	return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fd) == 0 ? 0 : -errno;
}

int sampler_add_thread(struct sampler *s, int tid)
{
	for (size_t cpu = 0; cpu < s->nrings; cpu++) {
		int fd = s->nfds ? open_event(s, tid, (int)cpu) : open_first(s, tid, (int)cpu);
		if (fd < 0 && errno == ESRCH)
			return 0;
		if (fd < 0 && errno == ENODEV)
			continue;
		int ret = fd < 0 ? -errno : add_event(s, &s->rings[cpu], fd);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/** The highest descriptor that may be an event. */
static int allow_all_files(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return INT_MAX;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	return files.rlim_cur > INT_MAX ? INT_MAX : (int)files.rlim_cur - SPARE_FILES;
}

static int paranoia(void)
{
	int level = -1;
	FILE *f = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
	if (f && fscanf(f, "%d", &level) != 1)
		level = -1;
	if (f)
		fclose(f);
	return level;
}

static struct err *explain(struct arena *a, int pid, int error)
{
	switch (error) {
	case ESRCH:
	case ENOENT:
		return err_new(a, "there is no process %d", pid);
	case EACCES:
	case EPERM:
		return err_new(a, "process %d: perf events are not permitted (kernel.perf_event_paranoid is %d): "
				"become root, or have CAP_PERFMON; at 2 or less a user may sample his own processes",
				pid, paranoia());
	case EMFILE:
		return err_new(a, "process %d: an event for each thread on each processor takes more files than may be "
				"open: raise ulimit -n", pid);
	default:
		return err_new(a, "process %d: perf events: %s", pid, strerror(error));
	}
}

struct err *sampler_open(struct arena *a, int pid, int rate_hz, struct sampler *out)
{
	*out = (struct sampler){.attr = describe_event(rate_hz), .sees_kernel = true};
	out->nrings = (size_t)sysconf(_SC_NPROCESSORS_CONF);
	out->rings = arena_array(a, struct sampler_ring, out->nrings);
	out->max_fd = allow_all_files();
	out->anchors = (struct anchors){.pid = pid, .max_fd = out->max_fd};
	int ret = newcomers_cover(out, pid);
	if (ret == 0) {
		anchors_update(&out->anchors);
		return NULL;
	}
	sampler_close(out);
	return explain(a, pid, -ret);
}

void sampler_stop(struct sampler *s)
{
	for (size_t i = 0; i < s->nfds; i++)
		ioctl(s->fds[i], PERF_EVENT_IOC_DISABLE, 0);
}

static void read_ring(struct sampler_ring *ring, struct buf *out)
{
	const char *data = (const char *)ring->page + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;
	while (tail < head) {
		uint64_t at = tail % ring->bytes, n = head - tail;
		n = n < ring->bytes - at ? n : ring->bytes - at;
		buf_append(out, data + at, n);
		tail += n;
	}
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
}

void sampler_read_rings(struct sampler *s, struct buf *out)
{
	for (size_t i = 0; i < s->nrings; i++) {
		if (s->rings[i].page)
			read_ring(&s->rings[i], out);
	}
}

void sampler_read(struct sampler *s, struct buf *out)
{
	anchors_update(&s->anchors);
	sampler_read_rings(s, out);
}

int sampler_poll_fd(const struct sampler *s, size_t ring)
{
	return s->rings[ring].page ? s->rings[ring].fd : -1;
}

void sampler_close(struct sampler *s)
{
	for (size_t i = 0; i < s->nrings; i++) {
		if (s->rings[i].page)
			munmap(s->rings[i].page, s->rings[i].bytes + (size_t)sysconf(_SC_PAGESIZE));
	}
	for (size_t i = 0; i < s->nfds; i++)
		close(s->fds[i]);
	free(s->fds);
	anchors_close(&s->anchors);
}
