// SPDX-License-Identifier: MIT
// Context: CTL. libcprof-preload.so: profiles a program nobody rebuilt. `cprof run` injects it; by hand:
//
//   LD_PRELOAD=/usr/lib/.../libcprof-preload.so CPROF_CPUPROFILE=cpu.%p.pb.gz program
//
//   CPROF_CPUPROFILE  the file; %p: the process id, %%: %. Unset, or in a set-user-ID program: the
//                     library does nothing at all.
//   CPROF_CPURATE     samples per second of CPU time of each thread, 1 to 10000 (100)
//   CPROF_CPUENGINE   auto, timer, perf, itimer (auto)
//   CPROF_RUN         PID:NANOSECONDS of the process `cprof run` started, and when. Without %p only
//                     that process is profiled: its children would write the same file.
//
// With %p every process writes its own, also the child of a fork. Nothing is printed, and the
// program's environment is never changed; what went wrong `cprof run` finds out.
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "earlier.h"
#include "interpose/leave.h"
#include "interpose/next.h"
#include "kind/cpu.h"
#include "settings.h"
#include "sigsafe/sys.h"

static struct cp_settings settings;
static int owner_pid; // of the process that profiles itself; a fork child has a copy, not a profile

static void start(void)
{
	char path[PATH_MAX];
	int pid = cp_getpid();
	if (settings.root_pid && cp_settings_expand(&settings, pid, path, sizeof(path)) == 0)
		cp_earlier_keep(path, settings.start_ns);
	const struct cp_cpu_options options = {
			.rate_hz = settings.rate_hz,
			.engine = settings.engine,
			.checkpoint = true,
			.skip_empty = settings.has_pid,
	};
	if (cp_cpu_start(&options, cprof_to_path(settings.path)) != 0)
		return;
	owner_pid = pid;
	cp_leave_set(cp_cpu_checkpoint);
}

static void stop(void)
{
	if (owner_pid == cp_getpid())
		cp_cpu_stop();
}

/** Valgrind runs the program on a CPU of its own making; its time is not the program's. */
static bool is_under_valgrind(void)
{
	const char *preload = secure_getenv("LD_PRELOAD");
	return preload && strstr(preload, "/vgpreload_");
}

__attribute__((constructor)) static void construct(void)
{
	cp_next(); // for an inert child too: it must not look them up between vfork and exec
	if (!cp_settings_read(&settings) || is_under_valgrind())
		return;
	if (!settings.has_pid && settings.root_pid && settings.root_pid != cp_getpid())
		return;
	start();
	// Registered behind the CPU profile's own, which runs first in a child and clears what it copied.
	if (settings.has_pid)
		pthread_atfork(NULL, NULL, start);
	at_quick_exit(stop); // the first registered runs last
}

__attribute__((destructor)) static void destruct(void)
{
	stop();
}
