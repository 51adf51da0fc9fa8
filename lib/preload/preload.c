// SPDX-License-Identifier: MIT
// Context: CTL. libcprof-preload.so: profiles a program nobody rebuilt. `cprof run` injects it; by hand:
//
//   LD_PRELOAD=/usr/lib/.../libcprof-preload.so CPROF_CPUPROFILE=cpu.%p.pb.gz program
//
//   CPROF_CPUPROFILE      the CPU profile's file; %p: the process id, %%: %. Where no file is named, or in
//                         a set-user-ID program, the library does nothing at all.
//   CPROF_CPURATE         samples per second of CPU time of each thread, 1 to 10000 (100)
//   CPROF_CPUENGINE       auto, timer, perf, itimer (auto)
//   CPROF_MEMPROFILE      the heap profile's file, written when the process ends (record/finish_hook.h: by which
//                         signals, too)
//   CPROF_MEMPROFILERATE  mean bytes between its samples (524288); 1: every allocation
//   CPROF_BLOCKPROFILE, CPROF_BLOCKPROFILERATE
//                         the block profile's file, and the nanoseconds of waiting to a sample (1: all)
//   CPROF_MUTEXPROFILE, CPROF_MUTEXPROFILEFRACTION
//                         the mutex profile's file, and how many releases one sample is for (1: all)
//   CPROF_SYSCALLPROFILE, CPROF_SYSCALLPROFILERATE
//                         the syscall profile's file, and the nanoseconds in system calls to a sample (10000)
//   CPROF_HTTP            the address to serve /debug/pprof/ at: localhost:6060, unix:/path/%p.sock; see
//                         <cprof/http.h>. The heap and the threadcreate profile are on then, too.
//   CPROF_HTTP_CONTROL    1: POST /debug/pprof/rates may change the rates
//   CPROF_THREADPROFILE   the file of all threads' stacks when the process ends
//   CPROF_TRACE           the execution trace's file
//   CPROF_WALLPROFILE     the wall-clock profile's file, written when the process ends
//   CPROF_ALLOCSPROFILE, CPROF_THREADCREATEPROFILE
//                         the files of these
//   CPROF_DUMPSIGNAL      the number of a signal that prints all threads to stderr
//   CPROF_LOCKSITES       1: that dump, and the one by URL, tell where the locks that threads hold were taken
//   CPROF_RUN             PID:NANOSECONDS:INODE of the process `cprof run` started, when, and its PID namespace (0: not
//                         known). Without %p only that process is profiled: its children would write the same file. In
//                         another namespace, as in a sandbox of a build, others have the same ids: %p tells which.
//
// With %p every process writes its own, also the child of a fork. Nothing is printed, and the
// program's environment is never changed; what went wrong `cprof run` finds out.
#include <cprof/http.h>
#include <cprof/pprof.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/cancel.h"
#include "earlier.h"
#include "guest.h"
#include "http/service.h"
#include "interpose/leave.h"
#include "interpose/lookup.h"
#include "interpose/valgrind.h"
#include "kind/cpu.h"
#include "kind/dump_signal.h"
#include "kind/heap.h"
#include "kind/own_thread_hook.h"
#include "kind/target.h"
#include "kind/threadcreate.h"
#include "kind/threads.h"
#include "kind/wall.h"
#include "record/exit_guard.h"
#include "record/finish.h"
#include "record/keeper.h"
#include "settings.h"
#include "sigsafe/modmap.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/sys.h"

static struct cp_settings settings CP_TABLE;
static struct cp_keeper keeper;
static bool is_elsewhere; // in another PID namespace than `cprof run`
static atomic_bool is_retired; // the process is in a sandbox where we may not be

/** Of the process. 0: there is no /proc. */
static uint64_t pid_namespace(void)
{
	struct stat st;
	long ret = cp_syscall6(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/ns/pid", (long)&st, 0, 0, 0);
	return ret == 0 ? st.st_ino : 0;
}

static void tell_pid_namespace(void)
{
	uint64_t own = settings.pid_namespace ? pid_namespace() : 0;
	is_elsewhere = own && own != (uint64_t)settings.pid_namespace;
	cp_target_tell_pid_namespace(is_elsewhere ? own : 0);
}

/** Nobody else writes what has no %p in its name. */
static bool is_root(void)
{
	return !settings.root_pid || (settings.root_pid == cp_getpid() && !is_elsewhere);
}

/** This process is to write it; what an earlier image wrote there is kept. */
static bool is_ours(int kind)
{
	const char *given = settings.recording.paths[kind];
	char path[PATH_MAX];
	if (!given || (!(settings.with_pid & 1u << kind) && !is_root()))
		return false;
	if (settings.root_pid && cp_target_expand_path(given, path) == 0)
		cp_earlier_keep(path, settings.start_ns);
	return true;
}

/** Without %p only one process can have the address. */
static bool serves(void)
{
	return settings.http && (settings.has_http_pid || is_root());
}

static void leave(bool exits)
{
	cp_recording_leave(&settings.recording, exits);
}

static void stop_at_signal(int sig)
{
	cp_recording_stop(&settings.recording);
	cp_tidy();
}

/** In a handler that may have interrupted anything. */
static void leave_alone(void)
{
	int saved_errno = errno, cancel_state = cp_cancel_hold();
	cp_recording_end(&settings.recording);
	cp_tidy();
	cp_cancel_release(cancel_state);
	errno = saved_errno;
}

/** All that is written is written now, and no thread of ours stays. */
static void retire(void)
{
	is_retired = true;
	cp_wall_leave();
	cp_keeper_stop(&keeper);
	cp_recording_stop(&settings.recording);
	cp_finish_unwatch(stop_at_signal);
	cp_own_threads_end();
	cp_tidy();
}

static void start(void)
{
	if (is_retired) // in a child of such a process
		return;
	uint32_t on = 0;
	tell_pid_namespace();
	settings.recording.leaves_empty_out = !is_root();
	cp_wall_hold(true); // until the program's time begins
	for (int kind = CP_RECORD_KINDS; kind-- > 0;) { // the CPU profile last: the others' start is not the program's
		if (is_ours(kind) && cp_recording_start(&settings.recording, 1u << kind) == 0)
			on |= 1u << kind;
	}
	if (on)
		cp_leave_call(leave);
	if (on || serves())
		cp_retire_call(retire); // what is called at the end may be death as well
	if (serves()) {
		cp_heap_set_rate(settings.heap_rate_bytes); // before the first can ask for it
		cp_threadcreate_start();
		cp_cpu_set_rate((int)settings.recording.records[CP_RECORD_CPU].rate);
		cp_cpu_set_engine(settings.recording.engine);
		cp_cpu_reserve_signal(); // for threads that block all signals long before a client asks
		cp_threads_reserve_signal();
		if (cp_http_serve(settings.http, NULL) == 0 && !(on & 1u << CP_RECORD_CPU))
			cp_leave_call(cp_cpu_checkpoint); // a client's profile's timer would go on after an exec
	}
	if (on)
		cp_finish_watch(stop_at_signal, &(struct cp_finish_how){
				.alone = on & CP_RECORDS_WITH_THREADS ? NULL : leave_alone,
				.opens_all = cp_recording_keeps_none_open(&settings.recording),
		});
	if (on & CP_RECORDS_OF_STATE)
		cp_keeper_start(&keeper, &settings.recording);
	cp_wall_hold(false);
}

static void stop(void)
{
	if (is_retired)
		return;
	int cancel_state = cp_cancel_hold(); // it runs in exit()
	cp_wall_leave();
	cp_modmap_before_exit();
	cp_pages_before_exit();
	cp_keeper_stop(&keeper);
	cp_recording_stop(&settings.recording);
	cp_cancel_release(cancel_state);
}

static struct cp_exit_guard guard = {stop};

/** ThreadSanitizer ends a fork's child that makes a thread if its parent had several, as it has with ours. */
static bool may_children_have_threads(void)
{
	return !cp_lookup_own("__tsan_init") && !cp_lookup_next("__tsan_init");
}

__attribute__((constructor)) static void construct(void)
{
	if (!cp_settings_read(&settings) || cp_is_under_valgrind() || cp_is_guest())
		return;
	if (settings.has_lock_sites)
		cprof_set_lock_sites(true);
	start();
	if (settings.dump_signal)
		cp_dump_signal_install(settings.dump_signal);
	// Registered behind lib/interpose's own, which runs first in a child and clears what it copied.
	if ((settings.with_pid || settings.has_http_pid) && may_children_have_threads())
		pthread_atfork(NULL, NULL, start);
	at_quick_exit(stop); // the first registered runs last
	cp_exit_guard_set(&guard);
}

__attribute__((destructor)) static void destruct(void)
{
	cp_exit_guard_stop(&guard);
}
