// SPDX-License-Identifier: MIT
// Context: CTL. See session.h. off -> starting -> on -> stopping -> off; who moves it on owns the session.
//
// A signal that ends the process must not find the thread that starts or stops: it would wait for itself. So
// signals are blocked there, and delivered once it is through.
#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_guard.h"
#include "finish.h"
#include "keeper.h"
#include "interpose/leave.h"
#include "kind/signal_hook.h"
#include "log.h"
#include "recording.h"
#include "sigsafe/atomic.h"
#include "sigsafe/futex.h"
#include "sigsafe/modmap.h"
#include "sigsafe/pagealloc.h"
#include "sigsafe/sigmask.h"
#include "sigsafe/sys.h"
#include "write/vformat.h"

enum state { OFF, STARTING, ON, STOPPING };

static _Atomic uint32_t state; // a futex
static _Atomic int owner_pid;
static _Atomic int number; // of the session that is on, or was the last
static bool is_quiet;
static char directory[PATH_MAX] CP_TABLE; // as it was given
static char paths[CP_RECORD_KINDS][PATH_MAX] CP_TABLE;
static struct cp_recording recording;
static struct cp_keeper keeper;

static const struct {
	const char *file, *name;
} modes[CP_RECORD_KINDS] = {
		[CP_RECORD_CPU] = {"cpu.pprof", "cpu"},
		[CP_RECORD_HEAP] = {"mem.pprof", "memory"},
		[CP_RECORD_ALLOCS] = {"mem.pprof", "memory"},
		[CP_RECORD_BLOCK] = {"block.pprof", "block"},
		[CP_RECORD_MUTEX] = {"mutex.pprof", "mutex"},
		[CP_RECORD_THREADS] = {"goroutine.pprof", "goroutine"},
		[CP_RECORD_THREADCREATE] = {"threadcreation.pprof", "thread creation"},
		[CP_RECORD_SYSCALL] = {"syscall.pprof", "syscall"},
		[CP_RECORD_WALL] = {"clock.pprof", "clock"},
		[CP_RECORD_TRACE] = {"trace.out", "trace"},
};

_Static_assert(1 << CP_RECORD_TRACE == CPROF_PROFILE_TRACE && CP_RECORD_HEAP == 1,
		"modes are bits of kinds");

static void set_state(enum state to)
{
	store(&state, to, release);
	cp_futex_wake(&state, INT32_MAX);
}

static bool take_state(enum state from, enum state to)
{
	uint32_t expected = from;
	return compare_exchange(&state, &expected, to, acq_rel);
}

/// Where the files go

/** mkdir -p. */
static int make_directories(const char *path)
{
	char made[PATH_MAX];
	memcpy(made, path, strlen(path) + 1);
	for (char *slash = made + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(made, 0777); // what matters fails in the last
		*slash = '/';
	}
	struct stat st;
	if (mkdir(made, 0777) == 0)
		return 0;
	int error = errno;
	return stat(made, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : error == EEXIST ? -ENOTDIR : -error;
}

static int choose_directory(const char *wished)
{
	const char *parent = secure_getenv("TMPDIR");
	size_t len = wished ? cp_format(directory, PATH_MAX, "%s", wished)
			    : cp_format(directory, PATH_MAX, "%s/profileXXXXXX", parent && *parent ? parent : "/tmp");
	if (len + 1 >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!wished)
		return mkdtemp(directory) ? 0 : -errno;
	while (len > 1 && directory[len - 1] == '/')
		directory[--len] = '\0';
	return make_directories(directory);
}

/** The program may change its directory. Percent signs are meant as such. */
static int make_absolute(const char *name, char path_out[PATH_MAX])
{
	char cwd[PATH_MAX] = "";
	size_t len = 0;
	if (directory[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return -errno;
	const char *parts[] = {cwd, cwd[0] ? "/" : "", directory, "/", name};
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		for (const char *at = parts[i]; *at; at++) {
			if (len + 3 > PATH_MAX)
				return -ENAMETOOLONG;
			path_out[len++] = *at;
			if (*at == '%')
				path_out[len++] = '%';
		}
	}
	path_out[len] = '\0';
	return 0;
}

static const char *file_of(enum cp_record_kind kind)
{
	bool is_second = kind == CP_RECORD_ALLOCS && recording.paths[CP_RECORD_HEAP];
	return is_second ? "allocs.pprof" : modes[kind].file;
}

static int choose_paths(const struct cprof_profile_options *o)
{
	int ret = choose_directory(o->path);
	for (int kind = 0; ret == 0 && kind < CP_RECORD_KINDS; kind++) {
		if (!(o->modes & 1u << kind))
			continue;
		ret = make_absolute(file_of((enum cp_record_kind)kind), paths[kind]);
		recording.paths[kind] = paths[kind];
	}
	if (ret < 0)
		cp_log("profile: could not create initial output directory: %s", cprof_strerror(ret));
	return ret;
}

/// What is said

static void say(const char *change)
{
	for (int kind = 0; !is_quiet && kind < CP_RECORD_KINDS; kind++) {
		const struct cp_record *record = &recording.records[kind];
		const char *name = modes[kind].name, *file = file_of((enum cp_record_kind)kind);
		if (!recording.paths[kind] || record->error)
			continue;
		if (kind == CP_RECORD_HEAP || kind == CP_RECORD_ALLOCS)
			cp_log("profile: %s profiling %s (rate %lld), %s/%s", name, change, (long long)record->rate,
					directory, file);
		else
			cp_log("profile: %s%s %s, %s/%s", name, kind == CP_RECORD_TRACE ? "" : " profiling", change,
					directory, file);
	}
}

static void say_errors(void)
{
	for (int kind = 0; kind < CP_RECORD_KINDS; kind++) {
		int error = recording.records[kind].error;
		if (error)
			cp_log("profile: could not create %s %s \"%s/%s\": %s", modes[kind].name,
					kind == CP_RECORD_TRACE ? "output file" : "profile", directory,
					file_of((enum cp_record_kind)kind), cprof_strerror(error));
	}
}

/// Start

static void leave(bool exits)
{
	if (load(&state, acquire) == ON)
		cp_recording_leave(&recording, exits);
}

/** Go's words for those Go knows. */
static const char *signal_name(int sig)
{
	const char *name = sigdescr_np(sig);
	return sig == SIGINT ? "interrupt" : sig == SIGTERM ? "terminated" : name ? name : "a signal";
}

static void stop_at_signal(int sig)
{
	if (!is_quiet)
		cp_log("profile: caught %s, stopping profiles", signal_name(sig));
	cp_session_stop(load(&number, relaxed));
}

static void stop_at_exit(void)
{
	int last = load(&number, relaxed);
	cp_modmap_before_exit();
	if (last == 0) // a sandbox may kill for the system calls
		return;
	cp_pages_before_exit();
	cp_session_stop(last);
}

static void prepare(const struct cprof_profile_options *o)
{
	static bool is_registered;
	if (!is_registered)
		at_quick_exit(stop_at_exit);
	is_registered = true;
	cp_log_init();
	memset(&recording, 0, sizeof(recording));
	is_quiet = o->quiet;
	recording.records[CP_RECORD_CPU].rate = o->cpu_rate_hz;
	recording.records[CP_RECORD_WALL].rate = o->wall_rate_hz;
	recording.records[CP_RECORD_HEAP].rate = recording.records[CP_RECORD_ALLOCS].rate = o->mem_rate_bytes;
	recording.records[CP_RECORD_BLOCK].rate = o->block_rate_ns;
	recording.records[CP_RECORD_SYSCALL].rate = o->syscall_rate_ns;
	recording.records[CP_RECORD_MUTEX].rate = o->mutex_fraction;
}

static int start(const struct cprof_profile_options *o)
{
	prepare(o);
	int ret = choose_paths(o);
	if (ret < 0)
		return ret;
	if (!o->no_shutdown_hook)
		ret = cp_finish_watch(stop_at_signal, &(struct cp_finish_how){.exits_zero = o->exit_zero});
	if (ret < 0)
		cp_session_refuse(ret); // no record says why
	else
		ret = cp_recording_start(&recording, o->modes);
	if (ret < 0) {
		say_errors();
		cp_finish_unwatch(stop_at_signal);
		if (!o->path)
			rmdir(directory);
		return ret;
	}
	cp_leave_call(leave);
	if (o->modes & CP_RECORDS_OF_STATE)
		cp_keeper_start(&keeper, &recording);
	say("enabled");
	return 0;
}

int cp_session_refuse(int error)
{
	cp_log_init();
	cp_log("profile: could not start: %s", cprof_strerror(error));
	return error;
}

int cp_session_start(const struct cprof_profile_options *options)
{
	if (load(&owner_pid, acquire) != cp_getpid())
		store(&state, OFF, relaxed); // a fork's child has a copy
	if (!take_state(OFF, STARTING)) {
		cp_log("profile: Start() already called");
		return -EBUSY;
	}
	uint64_t mask = cp_sigmask_block_all();
	store(&owner_pid, cp_getpid(), release);
	int ret = start(options);
	int started = ret == 0 ? fetch_add(&number, 1, relaxed) + 1 : ret;
	set_state(ret == 0 ? ON : OFF);
	cp_sigmask_restore(mask);
	return started;
}

/// Stop

/** Somebody else stops it: the process must not end before. */
static int await_end(void)
{
	uint32_t seen;
	while ((seen = load(&state, acquire)) == STOPPING)
		cp_futex_wait(&state, seen, CP_FUTEX_FOREVER);
	return 0;
}

int cp_session_stop(int stopped)
{
	if (stopped <= 0 || stopped != load(&number, acquire) || load(&owner_pid, acquire) != cp_getpid())
		return 0;
	uint64_t mask = cp_signal_block_app();
	int ret = 0;
	if (take_state(ON, STOPPING)) {
		cp_keeper_stop(&keeper);
		ret = cp_recording_stop(&recording);
		say("disabled");
		say_errors();
		cp_finish_unwatch(stop_at_signal); // the process may end now
		set_state(OFF);
	} else {
		ret = await_end();
	}
	cp_sigmask_restore(mask);
	return ret;
}

static struct cp_exit_guard guard = {stop_at_exit};

__attribute__((constructor)) static void construct(void)
{
	cp_exit_guard_set(&guard);
}

__attribute__((destructor)) static void destruct(void)
{
	cp_exit_guard_stop(&guard);
}
