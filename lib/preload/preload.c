// SPDX-License-Identifier: MIT
// Context: CTL. libcprof-preload.so: profiles a program nobody rebuilt. `cprof run` injects it; by hand:
//
//   LD_PRELOAD=/usr/lib/.../libcprof-preload.so CPROF_CPUPROFILE=cpu.%p.pb.gz program
//
//   CPROF_CPUPROFILE      the CPU profile's file; %p: the process id, %%: %. Where no file is named, or in
//                         a set-user-ID program, the library does nothing at all.
//   CPROF_CPURATE         samples per second of CPU time of each thread, 1 to 10000 (100)
//   CPROF_CPUENGINE       auto, timer, perf, itimer (auto)
//   CPROF_MEMPROFILE      the heap profile's file, written when the process ends
//   CPROF_MEMPROFILERATE  mean bytes between its samples (524288); 1: every allocation
//   CPROF_HTTP            the address to serve /debug/pprof/ at: localhost:6060, unix:/path/%p.sock; see
//                         <cprof/http.h>. The heap profile is on then, too.
//   CPROF_THREADPROFILE   the file of all threads' stacks when the process ends
//   CPROF_RUN             PID:NANOSECONDS of the process `cprof run` started, and when. Without %p only
//                         that process is profiled: its children would write the same file.
//
// With %p every process writes its own, also the child of a fork. Nothing is printed, and the
// program's environment is never changed; what went wrong `cprof run` finds out.
#include <cprof/http.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/cancel.h"
#include "earlier.h"
#include "http/service.h"
#include "interpose/leave.h"
#include "interpose/next.h"
#include "kind/cpu.h"
#include "kind/heap.h"
#include "kind/threads.h"
#include "settings.h"
#include "sigsafe/sys.h"

static struct cp_settings settings;
// Of the process that profiles itself: a fork child has a copy, not a profile.
static int cpu_owner_pid, heap_owner_pid, threads_owner_pid;

/** True if this process is to write the file; what an earlier image wrote there is kept. */
static bool is_ours(const struct cp_settings_file *file, int pid)
{
	char path[PATH_MAX];
	if (!file->path[0] || (!file->has_pid && settings.root_pid && settings.root_pid != pid))
		return false;
	if (settings.root_pid && cp_settings_expand(file, pid, path, sizeof(path)) == 0)
		cp_earlier_keep(path, settings.start_ns);
	return true;
}

/** Without %p only one process can have the address. */
static bool serves(const struct cp_settings_file *http, int pid)
{
	return http->path[0] && (http->has_pid || !settings.root_pid || settings.root_pid == pid);
}

static void start_cpu(int pid)
{
	const struct cp_cpu_options options = {
			.rate_hz = settings.rate_hz,
			.engine = settings.engine,
			.checkpoint = true,
			.skip_empty = settings.cpu.has_pid,
	};
	if (cp_cpu_start(&options, cprof_to_path(settings.cpu.path)) == 0)
		cpu_owner_pid = pid;
}

static void leave(void)
{
	int pid = cp_getpid();
	if (cpu_owner_pid == pid)
		cp_cpu_checkpoint();
	if (heap_owner_pid == pid)
		cp_heap_write_leaving(cprof_to_path(settings.heap.path));
	if (threads_owner_pid == pid)
		cp_threads_write(cprof_to_path(settings.threads.path), 0);
}

static void start(void)
{
	int pid = cp_getpid();
	if (is_ours(&settings.cpu, pid))
		start_cpu(pid);
	if (is_ours(&settings.heap, pid) && cp_heap_set_rate(settings.heap_rate_bytes) == 0)
		heap_owner_pid = pid;
	if (is_ours(&settings.threads, pid))
		threads_owner_pid = pid;
	if (serves(&settings.http, pid)) {
		cp_heap_set_rate(settings.heap_rate_bytes); // before the first can ask for it
		cp_http_serve(settings.http.path, NULL);
	}
	if (cpu_owner_pid == pid || heap_owner_pid == pid || threads_owner_pid == pid)
		cp_leave_set(leave);
}

static void stop(void)
{
	int pid = cp_getpid();
	int cancel_state = cp_cancel_hold(); // it runs in exit()
	if (heap_owner_pid == pid)
		cp_heap_write(CP_HEAP_VIEW_HEAP, cprof_to_path(settings.heap.path), 0);
	heap_owner_pid = 0;
	if (threads_owner_pid == pid)
		cp_threads_write(cprof_to_path(settings.threads.path), 0);
	threads_owner_pid = 0;
	if (cpu_owner_pid == pid)
		cp_cpu_stop();
	cpu_owner_pid = 0;
	cp_cancel_release(cancel_state);
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
	start();
	// Registered behind the CPU profile's own, which runs first in a child and clears what it copied.
	if (settings.cpu.has_pid || settings.heap.has_pid || settings.threads.has_pid ||
			settings.http.has_pid)
		pthread_atfork(NULL, NULL, start);
	else if (!cpu_owner_pid && !heap_owner_pid && !threads_owner_pid)
		return;
	at_quick_exit(stop); // the first registered runs last
}

__attribute__((destructor)) static void destruct(void)
{
	stop();
}
