// SPDX-License-Identifier: MIT
// uring_waits DIR [cpu]: waits for completions of io_uring while the wall-clock profile asks, or
// the CPU profile ticks often. io_uring_enter(2) tells EINTR at any signal, and calls the kernel by
// an instruction of the program's own, as liburing does: of its 141 tests 6 failed under the wall
// clock, and 6 under -cpurate 1000. Signals of the program's own still end such a wait. On stdout:
// the waits, those with EINTR, those that told less than they had to; those that its own signals
// ended, of how many; those that missed the only one. Exit status 77: no io_uring here.
#include <cprof/profile.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "own_signals.h"

enum {
	NENTRIES = 8,
	SHORT_NS = 20000,
	NSHORT = 20000,
	LONG_NS = 1000000,
	NLONG = 3000,
	WORK = 2000
};
enum { NALARMS = 100, ONCE_ROUNDS = 2000 };
enum { SKIPPED = 77 };

static int fd;
static unsigned char *ring;
static struct io_uring_params params;
static struct io_uring_sqe *sqes;

/** As liburing makes it. */
static inline __attribute__((always_inline)) int enter(
	unsigned nsubmitted, unsigned nawaited, unsigned flags)
{
	register long r10 __asm__("r10") = flags;
	register long r8 __asm__("r8") = 0;
	register long r9 __asm__("r9") = 8;
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(__NR_io_uring_enter), "D"((long)fd), "S"((long)nsubmitted),
			 "d"((long)nawaited), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return (int)result;
}

static _Atomic unsigned *at(unsigned offset)
{
	return (_Atomic unsigned *)(ring + offset);
}

static int set_up(void)
{
	fd = (int)syscall(__NR_io_uring_setup, NENTRIES, &params);
	if (fd < 0 || !(params.features & IORING_FEAT_SINGLE_MMAP))
		return -1;
	size_t size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
	ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, NENTRIES * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		IORING_OFF_SQES);
	return ring == MAP_FAILED || sqes == MAP_FAILED ? -1 : 0;
}

/** One completion in this time. */
static void submit_timeout(struct __kernel_timespec *time)
{
	unsigned tail = *at(params.sq_off.tail), i = tail & *at(params.sq_off.ring_mask);
	sqes[i] = (struct io_uring_sqe){
		.opcode = IORING_OP_TIMEOUT, .fd = -1, .addr = (uintptr_t)time, .len = 1};
	*at(params.sq_off.array + i * sizeof(unsigned)) = i;
	*at(params.sq_off.tail) = tail + 1;
	enter(1, 0, 0);
}

static unsigned ncompleted(void)
{
	return *at(params.cq_off.tail) - *at(params.cq_off.head);
}

static int nwaits, ninterrupted, nshort;
static volatile int sink;

/** The wall clock's questions end short waits, on whose way to sleep they come; the ticks those
 * behind some work. */
static __attribute__((noinline)) void wait_often(int wait_ns, int n, int nwork)
{
	struct __kernel_timespec time = {.tv_nsec = wait_ns};
	for (int i = 0; i < n; i++) {
		submit_timeout(&time);
		for (int work = 0; work < nwork; work++)
			sink = work;
		int result = enter(0, 1, IORING_ENTER_GETEVENTS);
		nwaits++;
		ninterrupted += result == -EINTR;
		nshort += result >= 0 && ncompleted() == 0;
		while (ncompleted() == 0)
			enter(0, 1, IORING_ENTER_GETEVENTS);
		*at(params.cq_off.head) = *at(params.cq_off.tail);
	}
}

static __attribute__((noinline)) int end_by_alarms(void)
{
	int nended = 0;
	begin_alarms();
	for (int i = 0; i < NALARMS; i++)
		nended += enter(0, 1, IORING_ENTER_GETEVENTS) == -EINTR;
	end_alarms();
	return nended;
}

static void wait_for_ever(void)
{
	enter(0, 1, IORING_ENTER_GETEVENTS);
}

int main(int argc, char **argv)
{
	bool is_cpu = argc > 2;
	if (set_up() != 0)
		return SKIPPED;
	int session = cprof_profile_start(&(struct cprof_profile_options){
		.modes = is_cpu ? CPROF_PROFILE_CPU : CPROF_PROFILE_WALL,
		.path = argv[1],
		.wall_rate_hz = 1000,
		.cpu_rate_hz = 4000,
		.quiet = true});
	wait_often(SHORT_NS, NSHORT, 0);
	wait_often(LONG_NS, NLONG, WORK);
	int nended = end_by_alarms(), nlost = end_by_one(wait_for_ever, ONCE_ROUNDS, 0);
	cprof_profile_stop(session);
	printf("%d %d %d %d %d %d\n", nwaits, ninterrupted, nshort, nended, NALARMS, nlost);
	return session > 0 ? 0 : 1;
}
