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
//   CPROF_BLOCKPROFILE, CPROF_BLOCKPROFILERATE
//                         the block profile's file, and the nanoseconds of waiting to a sample (1: all)
//   CPROF_MUTEXPROFILE, CPROF_MUTEXPROFILEFRACTION
//                         the mutex profile's file, and how many releases one sample is for (1: all)
//   CPROF_SYSCALLPROFILE, CPROF_SYSCALLPROFILERATE
//                         the syscall profile's file, and the nanoseconds in system calls to a sample (10000)
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
#include "kind/contention.h"
#include "kind/cpu.h"
#include "kind/heap.h"
#include "kind/threads.h"
#include "settings.h"
#include "sigsafe/sys.h"

static struct cp_settings settings;
// Of the process that profiles itself: a fork child has a copy, not a profile.
static int owner_pid[CP_SETTINGS_KINDS];

/// Profiles that are a state: switched on at the start, written at the end

static int switch_on(enum cp_settings_kind kind)
{
	int64_t rc = 0;
	if (kind == CP_SETTINGS_HEAP)
		rc = cp_heap_set_rate(settings.heap_rate_bytes);
	else if (kind == CP_SETTINGS_BLOCK)
		rc = cp_contention_set_sampling(CP_KIND_BLOCK, settings.block_rate_ns);
	else if (kind == CP_SETTINGS_MUTEX)
		rc = cp_contention_set_sampling(CP_KIND_MUTEX, settings.mutex_fraction);
	else if (kind == CP_SETTINGS_SYSCALL)
		rc = cp_contention_set_sampling(CP_KIND_SYSCALL, settings.syscall_rate_ns);
	return rc < 0 ? (int)rc : 0;
}

static enum cp_contention_kind contention_of(enum cp_settings_kind kind)
{
	return kind == CP_SETTINGS_BLOCK ? CP_KIND_BLOCK : kind == CP_SETTINGS_MUTEX ? CP_KIND_MUTEX : CP_KIND_SYSCALL;
}

static void write_state(enum cp_settings_kind kind)
{
	struct cprof_writer writer = cprof_to_path(settings.files[kind].path);
	if (kind == CP_SETTINGS_HEAP)
		cp_heap_write(CP_HEAP_VIEW_HEAP, writer, 0);
	else if (kind == CP_SETTINGS_THREADS)
		cp_threads_write(writer, 0);
	else
		cp_contention_write(contention_of(kind), writer, 0);
}

static void write_state_leaving(enum cp_settings_kind kind)
{
	struct cprof_writer writer = cprof_to_path(settings.files[kind].path);
	if (kind == CP_SETTINGS_HEAP)
		cp_heap_write_leaving(writer);
	else if (kind == CP_SETTINGS_THREADS)
		cp_threads_write(writer, 0);
	else
		cp_contention_write_leaving(contention_of(kind), writer);
}

/// From start to end

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

static int start_cpu(void)
{
	const struct cp_cpu_options options = {
			.rate_hz = settings.rate_hz,
			.engine = settings.engine,
			.checkpoint = true,
			.skip_empty = settings.files[CP_SETTINGS_CPU].has_pid,
	};
	return cp_cpu_start(&options, cprof_to_path(settings.files[CP_SETTINGS_CPU].path));
}

static void leave(void)
{
	int pid = cp_getpid();
	if (owner_pid[CP_SETTINGS_CPU] == pid)
		cp_cpu_checkpoint();
	for (int i = CP_SETTINGS_CPU + 1; i < CP_SETTINGS_KINDS; i++) {
		if (owner_pid[i] == pid)
			write_state_leaving((enum cp_settings_kind)i);
	}
}

static void start(void)
{
	int pid = cp_getpid();
	bool is_any = false;
	for (int i = 0; i < CP_SETTINGS_KINDS; i++) {
		if (!is_ours(&settings.files[i], pid))
			continue;
		int rc = i == CP_SETTINGS_CPU ? start_cpu() : switch_on((enum cp_settings_kind)i);
		owner_pid[i] = rc == 0 ? pid : 0;
		is_any |= rc == 0;
	}
	if (serves(&settings.http, pid)) {
		cp_heap_set_rate(settings.heap_rate_bytes); // before the first can ask for it
		cp_http_serve(settings.http.path, NULL);
	}
	if (is_any)
		cp_leave_set(leave);
}

static void stop(void)
{
	int pid = cp_getpid();
	int cancel_state = cp_cancel_hold(); // it runs in exit()
	for (int i = CP_SETTINGS_KINDS; i-- > CP_SETTINGS_CPU + 1;) {
		if (owner_pid[i] == pid)
			write_state((enum cp_settings_kind)i);
		owner_pid[i] = 0;
	}
	if (owner_pid[CP_SETTINGS_CPU] == pid)
		cp_cpu_stop();
	owner_pid[CP_SETTINGS_CPU] = 0;
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
	bool has_pid = settings.http.has_pid, is_any = false;
	for (int i = 0; i < CP_SETTINGS_KINDS; i++) {
		has_pid |= settings.files[i].has_pid;
		is_any |= owner_pid[i] != 0;
	}
	// Registered behind lib/interpose's own, which runs first in a child and clears what it copied.
	if (has_pid)
		pthread_atfork(NULL, NULL, start);
	else if (!is_any)
		return;
	at_quick_exit(stop); // the first registered runs last
}

__attribute__((destructor)) static void destruct(void)
{
	stop();
}
