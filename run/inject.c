// SPDX-License-Identifier: MIT
// The variables are described where they are read: lib/preload/preload.c.
#include "inject.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "base/now.h"
#include "base/outfile.h"
#include "base/str.h"
#include "outcome.h"

extern char **environ;

static const char library_name[] = "libcprof-preload.so";
static const char http_library_name[] = "libcprof-http.so.0";
static const char inittrace_name[] = "libcprof-init.so";

// Where the library may be, from the directory of the executable: installed by Debian's layout, by
// others', in the build tree. CPROF_LIBDIR is the build's own idea of libdir.
static const char *const library_dirs[] = {
		"../lib/" CPROF_MULTIARCH "/cprof",
		"../lib/" CPROF_MULTIARCH,
		"../lib/cprof",
		"../lib64",
		"../lib",
		CPROF_LIBDIR,
};

static const char *find_library(struct arena *a, const char *name)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	if (n <= 0 && !realpath((const char *)getauxval(AT_EXECFN), exe)) // /proc is not mounted
		return NULL;
	char *slash = strrchr(exe, '/');
	*slash = '\0';
	for (size_t i = 0; i < sizeof(library_dirs) / sizeof(*library_dirs); i++) {
		const char *dir = library_dirs[i];
		const char *path = *dir == '/' ? arena_printf(a, "%s/%s", dir, name)
					       : arena_printf(a, "%s/%s/%s", exe, dir, name);
		char *real = realpath(path, NULL);
		if (real) {
			path = arena_strdup(a, real);
			free(real);
			return path;
		}
	}
	return NULL;
}

/**
 * The same file by a path that leads nowhere but for glibc's loader: it alone reads $LIB. Another C
 * library's would find ours, fail to link it and end the child it starts; what it does not find it
 * passes over. The path goes through the folder of libc, and from there up to the root again.
 */
static const char *path_for_glibc(struct arena *a, const char *path)
{
	void *libc = dlopen("/$LIB/libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	if (!libc) // this libc is elsewhere: no telling what is at /$LIB
		return path;
	dlclose(libc);
	return arena_printf(a, "/$LIB/../../../..%s", path);
}

/** What is preloaded: the library, and that for CPROFDEBUG=inittrace=1 where it may be asked for. */
static const char *preloads(struct arena *a, const struct injection *in)
{
	const char *debug = getenv("CPROFDEBUG");
	const char *inittrace = debug && strstr(debug, "inittrace=") ? find_library(a, inittrace_name) : NULL;
	const char *library = path_for_glibc(a, in->library);
	return inittrace ? arena_printf(a, "%s:%s", library, path_for_glibc(a, inittrace)) : library;
}

static struct injection_file make_file(struct arena *a, const char *given)
{
	char cwd[PATH_MAX];
	const char *place = given ? outfile_place(a, given) : NULL;
	if (place != given && !strchr(place, '%')) // else one that would be taken for %p
		return (struct injection_file){place, place, NULL};
	if (!given || *given == '/' || !getcwd(cwd, sizeof(cwd)))
		return (struct injection_file){given, given, NULL};
	return (struct injection_file){given, arena_printf(a, "%s/%s", cwd, given), NULL};
}

/** The i-th of them: it can be written, and is no regular file that an earlier one is written to. */
static struct err *check_file(struct arena *a, struct injection_file *const *files, size_t i)
{
	struct injection_file *file = files[i];
	for (size_t k = 0; file->path && k < i; k++) {
		if (files[k]->path && strcmp(files[k]->path, file->path) == 0 && strncmp(file->path, "/dev/", 5) != 0)
			return err_new(a, "%s: two profiles cannot go to one file", file->given);
	}
	int error = file->path ? outfile_probe(a, file->path) : 0;
	if (file->path && !error)
		file->past = outcome_look(a, file->path);
	return error ? err_new(a, "%s: %s", file->given, strerror(error)) : NULL;
}

/**
 * When the program starts: later than its files of another run by so much that the library, which tells by their times
 * what an earlier image of the process wrote (lib/preload/earlier.c), does not take them for that.
 */
static int64_t start_time_ns(struct injection_file *const *files, size_t nfiles)
{
	enum { CLOCK_SLACK_NS = 10000000 };
	struct stat st;
	int64_t newest_ns = 0;
	for (size_t i = 0; i < nfiles; i++) {
		if (!files[i]->path || stat(files[i]->path, &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		int64_t written_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
		newest_ns = written_ns > newest_ns ? written_ns : newest_ns;
	}
	int64_t ahead_ns = newest_ns + CLOCK_SLACK_NS + 1 - now_ns(CLOCK_REALTIME);
	if (ahead_ns > 0 && ahead_ns <= 2 * CLOCK_SLACK_NS) // else it was a clock that is wrong
		nanosleep(&(struct timespec){.tv_nsec = ahead_ns}, NULL);
	return now_ns(CLOCK_REALTIME);
}

static uint64_t own_pid_namespace(void)
{
	struct stat st;
	return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

struct err *inject_prepare(struct arena *a, const struct run_options *options,
		struct injection *injection_out)
{
	*injection_out = (struct injection){
			.library = find_library(a, library_name),
			.cpu = make_file(a, options->cpuprofile),
			.heap = make_file(a, options->memprofile),
			.allocs = make_file(a, options->allocsprofile),
			.threads = make_file(a, options->threadprofile),
			.wall = make_file(a, options->wallprofile),
			.trace = make_file(a, options->trace),
			.threadcreate = make_file(a, options->threadcreateprofile),
			.block = make_file(a, options->blockprofile),
			.mutex = make_file(a, options->mutexprofile),
			.syscalls = make_file(a, options->syscallprofile),
			.options = options,
			.pid_namespace = own_pid_namespace(),
	};
	if (!injection_out->library)
		return err_new(a, "%s is not found beside this program", library_name);
	// Both separate the paths in LD_PRELOAD, and nothing escapes them.
	if (strpbrk(injection_out->library, ": "))
		return err_new(a, "%s: LD_PRELOAD takes no path with a colon or a space",
				injection_out->library);
	struct injection_file *files[] = {&injection_out->cpu, &injection_out->heap,
			&injection_out->allocs, &injection_out->block, &injection_out->mutex, &injection_out->syscalls,
			&injection_out->threads, &injection_out->threadcreate,
			&injection_out->wall, &injection_out->trace};
	struct err *e = NULL;
	for (size_t i = 0; !e && i < sizeof(files) / sizeof(*files); i++)
		e = check_file(a, files, i);
	injection_out->start_ns = start_time_ns(files, sizeof(files) / sizeof(*files));
	if (!e && options->http && !find_library(a, http_library_name))
		e = err_new(a, "-http: %s is not found beside %s", http_library_name, library_name);
	if (!e && options->http)
		e = address_check(a, options->http, &injection_out->http);
	return e;
}

static bool is_named(const char *variable, const char *name)
{
	size_t len = strlen(name);
	return strncmp(variable, name, len) == 0 && variable[len] == '=';
}

/** `added`, and what the variable has already behind (or before) it. */
static const char *combined(struct arena *a, const char *name, const char *added, bool is_last)
{
	const char *old = getenv(name);
	if (!old || !*old)
		return added;
	return is_last ? arena_printf(a, "%s:%s", old, added) : arena_printf(a, "%s:%s", added, old);
}

/** NULL for 0: the library's own. */
static const char *number(struct arena *a, int64_t n)
{
	return n ? arena_printf(a, "%lld", (long long)n) : NULL;
}

char **inject_environment(struct arena *a, const struct injection *in, pid_t root_pid)
{
	const struct run_options *o = in->options;
	// Ours come first: what another preloaded library does for a function we stand in for (an
	// allocator), it does behind us. ASan's check that it is first would end the program; nothing it
	// stands in for is ours.
	const struct {
		const char *name, *value; // NULL: must not be there
	} ours[] = {
			{"LD_PRELOAD", combined(a, "LD_PRELOAD", preloads(a, in), false)},
			{"ASAN_OPTIONS", combined(a, "ASAN_OPTIONS", "verify_asan_link_order=0", true)},
			{"CPROF_RUN", arena_printf(a, "%d:%lld:%llu", (int)root_pid, (long long)in->start_ns,
					     (unsigned long long)in->pid_namespace)},
			{"CPROF_HTTP", in->http},
			{"CPROF_CPUPROFILE", in->cpu.path},
			{"CPROF_CPURATE", number(a, o->rate_hz)},
			{"CPROF_CPUENGINE", o->engine},
			{"CPROF_MEMPROFILE", in->heap.path},
			{"CPROF_ALLOCSPROFILE", in->allocs.path},
			{"CPROF_MEMPROFILERATE",
				o->is_heap_off && !o->is_test ? "0" : number(a, o->mem_rate_bytes)},
			{"CPROF_BLOCKPROFILE", in->block.path},
			{"CPROF_BLOCKPROFILERATE", number(a, o->block_rate_ns)},
			{"CPROF_MUTEXPROFILE", in->mutex.path},
			{"CPROF_MUTEXPROFILEFRACTION", number(a, o->mutex_fraction)},
			{"CPROF_SYSCALLPROFILE", in->syscalls.path},
			{"CPROF_SYSCALLPROFILERATE", number(a, o->syscall_rate_ns)},
			{"CPROF_THREADPROFILE", in->threads.path},
			{"CPROF_WALLPROFILE", in->wall.path},
			{"CPROF_TRACE", in->trace.path},
			{"CPROF_THREADCREATEPROFILE", in->threadcreate.path},
			{"CPROF_DUMPSIGNAL", number(a, o->dump_signal)},
			{"CPROF_LOCKSITES", number(a, o->lock_sites)},
	};
	enum { NOURS = sizeof(ours) / sizeof(*ours) };
	size_t n = 0, kept = 0;
	while (environ[n])
		n++;
	char **env = arena_array(a, char *, n + NOURS + 1);
	for (size_t i = 0; i < n; i++) {
		bool is_ours = false;
		for (size_t k = 0; k < NOURS; k++)
			is_ours |= is_named(environ[i], ours[k].name);
		if (!is_ours)
			env[kept++] = environ[i];
	}
	for (size_t k = 0; k < NOURS; k++) {
		if (ours[k].value)
			env[kept++] = arena_printf(a, "%s=%s", ours[k].name, ours[k].value);
	}
	return env;
}
