// SPDX-License-Identifier: MIT
// Context: SIG. Clocks by system call, and by the vDSO where that costs too much. Never by clock_gettime(): that may be
// the program's own or of a library like libfaketime, which stands still, runs faster, counts its calls or takes locks.
#ifndef CPROF_SIGSAFE_CLOCK_H
#define CPROF_SIGSAFE_CLOCK_H

#include "sys.h"
#include "types.h"

enum {
	CP_CLOCK_REALTIME = 0,
	CP_CLOCK_MONOTONIC = 1,
	CP_CLOCK_PROCESS_CPU = 2,
	CP_CLOCK_THREAD_CPU = 3,
	CP_CLOCK_REALTIME_COARSE = 5,
};

#define CP_NS_PER_S 1000000000ull
#define CP_NS_PER_MS 1000000ull

struct cp_timespec {
	int64_t sec, nsec;
};

static inline struct cp_timespec cp_timespec_from_ns(uint64_t ns)
{
	return (struct cp_timespec){(int64_t)(ns / CP_NS_PER_S), (int64_t)(ns % CP_NS_PER_S)};
}

/** The clock in nanoseconds, 0 where there is none (a thread that has ended). */
static inline uint64_t cp_clock_ns(int clock)
{
	struct cp_timespec ts;
	if (cp_syscall(SYS_clock_gettime, clock, &ts, 0, 0) < 0)
		return 0;
	return (uint64_t)ts.sec * CP_NS_PER_S + (uint64_t)ts.nsec;
}

/** The same without a system call, if the vDSO is found. */
uint64_t cp_clock_quick_ns(int clock);

typedef int cp_clock_function(long clock, struct cp_timespec *ts_out);

/** The vDSO's function, once a constructor has found it (interpose/vdso.c); NULL: by system call. */
extern __attribute__((visibility("hidden"))) cp_clock_function *cp_clock_in_vdso;

/** The CPU clock of any thread of this process, from outside: pthread_getcpuclockid()'s value. */
static inline int cp_thread_cpu_clock(int tid)
{
	return (int)(~(unsigned)tid << 3 | 6);
}

#endif
