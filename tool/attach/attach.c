// SPDX-License-Identifier: MIT
// See attach.h. The kernel samples the process; here its buffers are emptied ten times a second, stacks walked,
// and names found when all is over, as of any recording (tool/perfdata, tool/symbolizer).
#include "tool/attach/attach.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/flag.h"
#include "base/now.h"
#include "base/outfile.h"
#include "base/path.h"
#include "base/process_times.h"
#include "base/quote.h"
#include "tool/attach/process.h"
#include "tool/attach/sampler.h"
#include "tool/perfdata/recording.h"
#include "tool/profile/encode.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/symbolizer.h"

enum { EXIT_BAD = 2, NS_PER_S = 1000000000, NS_PER_MS = 1000000, READ_MS = 100, MAX_RATE_HZ = 10000 };

// What is told of CPU time that is in no sample: from so much on, and this part of all.
enum { MIN_MISSING_NS = 100000000, MISSING_PART = 5, DEFAULT_HZ = 100, FASTER_HZ = 1000 };

static const char usage[] =
		"usage: cprof attach [FLAGS] PID\n"
		"A CPU profile of a process that runs already: it is not stopped, and nothing is put into it.\n"
		"  -cpuprofile FILE     where the profile goes (cprof.cpu.pb.gz); %p in it: the process id\n"
		"  -cpurate HZ          samples per second of CPU time of each thread (100)\n"
		"  -seconds N           for how long (0: until ^C, or until the process ends)\n"
		"  -quiet               say only why there is no profile\n"
		"  -ready FD            write a line to this file descriptor once sampling has begun\n";

struct attach {
	const struct env *env;
	struct arena *arena;
	const char *file;
	int rate_hz, seconds, pid;
	int ready_fd; // -1: none
	bool is_quiet, asks_for_help;
	bool is_too_slow; // the kernel's buffers were full
	struct sampler sampler;
	struct perf_recording *recording;
	const char *name, *program;
	int64_t start_ns;                  // since 1970
	struct process_times first, last;  // at the start, and when it was last seen
};

static struct err *parse(struct attach *t, int argc, char **argv)
{
	const struct flag flags[] = {
			{"cpuprofile", FLAG_STRING, &t->file},
			{"cpurate", FLAG_INT, &t->rate_hz},
			{"seconds", FLAG_INT, &t->seconds},
			{"quiet", FLAG_BOOL, &t->is_quiet},
			{"ready", FLAG_INT, &t->ready_fd},
	};
	struct flag_result result;
	struct err *e = flag_parse(t->arena, flags, sizeof(flags) / sizeof(*flags), argc - 1,
			(const char *const *)argv + 1, &result);
	t->asks_for_help = !e && result.asks_for_help;
	if (e || t->asks_for_help)
		return e;
	if (t->rate_hz < 1 || t->rate_hz > MAX_RATE_HZ)
		return err_new(t->arena, "-cpurate %d: not a number from 1 to %d", t->rate_hz, MAX_RATE_HZ);
	if (t->seconds < 0)
		return err_new(t->arena, "-seconds %d: not a number from 0", t->seconds);
	if (result.first_arg + 2 != argc)
		return err_new(t->arena, result.first_arg + 1 == argc ? "no process given" : "one process at a time");
	const char *pid = argv[result.first_arg + 1];
	char *rest;
	long number = strtol(pid, &rest, 10);
	if (*rest || number < 1 || number > INT32_MAX)
		return err_new(t->arena, "%s: not a process id", pid);
	t->pid = (int)number;
	t->file = path_expand(t->arena, t->file, arena_printf(t->arena, "%d", t->pid));
	return NULL;
}

/// Sampling

static void take(struct attach *t, struct buf *records)
{
	struct process_times times = process_times(t->pid);
	if (times.user_ns + times.kernel_ns > 0)
		t->last = times;
	records->len = 0;
	sampler_read(&t->sampler, records);
	perf_recording_add(t->recording, records->ptr, records->len);
}

/** process_fd is -1 where the process is gone already, or its id is that of a thread, or before Linux 5.3. */
static bool has_ended(const struct attach *t, const struct pollfd *process)
{
	return process->revents || (process->fd < 0 && kill(t->pid, 0) != 0 && errno == ESRCH);
}

/** Until it is over by -seconds, by a signal, or because the process ended. */
static void sample(struct attach *t, int signals_fd, int process_fd)
{
	size_t n = t->sampler.nrings + 2;
	struct pollfd *fds = arena_array(t->arena, struct pollfd, n);
	for (size_t i = 0; i < t->sampler.nrings; i++)
		fds[i + 2] = (struct pollfd){sampler_poll_fd(&t->sampler, i), POLLIN, 0};
	fds[0] = (struct pollfd){signals_fd, POLLIN, 0};
	fds[1] = (struct pollfd){process_fd, POLLIN, 0};
	struct buf records = {0};
	int64_t begin_ns = now_ns(CLOCK_MONOTONIC), last_s = 0;
	if (t->ready_fd >= 0)
		dprintf(t->ready_fd, "sampling %d\n", t->pid);
	for (bool is_over = false; !is_over;) {
		poll(fds, n, READ_MS);
		int64_t passed_ns = now_ns(CLOCK_MONOTONIC) - begin_ns;
		is_over = fds[0].revents || has_ended(t, &fds[1]) ||
				(t->seconds && passed_ns >= t->seconds * (int64_t)NS_PER_S);
		if (is_over)
			sampler_stop(&t->sampler);
		take(t, &records);
		if (passed_ns / NS_PER_S == last_s)
			continue;
		last_s = passed_ns / NS_PER_S;
		if (t->is_quiet)
			continue;
		env_progress(t->env, "cprof: %lld s, %llu samples%s", (long long)last_s,
				(unsigned long long)perf_recording_nsamples(t->recording),
				t->seconds ? "" : "; ^C ends it");
	}
	buf_deinit(&records);
}

static struct err *record(struct attach *t)
{
	struct err *e = sampler_open(t->arena, t->pid, t->rate_hz, &t->sampler);
	if (e)
		return e;
	t->start_ns = now_ns(CLOCK_REALTIME);
	t->first = t->last = process_times(t->pid);
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	int error = outfile_probe(t->arena, t->file); // found out now, not when all is sampled
	if (error)
		return err_new(t->arena, "write %s: %s", t->file, err_os(t->arena, error));
	int signals_fd = signalfd(-1, &ends, SFD_CLOEXEC);
	int process_fd = (int)syscall(SYS_pidfd_open, t->pid, 0);
	t->name = process_name(t->arena, t->pid);
	t->program = process_program(t->arena, t->pid);
	t->recording = perf_recording_begin(t->arena, &t->sampler.attr);
	process_describe(t->arena, t->pid, t->sampler.sees_kernel, t->recording);
	sample(t, signals_fd, process_fd);
	close(signals_fd);
	close(process_fd);
	sampler_close(&t->sampler);
	return NULL;
}

/// The profile

/** As libcprof shows it: there is no stack, but the time must not be missing. */
static void add_kernel_time(struct attach *t, struct profile *p)
{
	int64_t ns = (int64_t)(t->last.kernel_ns - t->first.kernel_ns);
	if (t->sampler.sees_kernel || ns <= 0)
		return;
	uint32_t location = profile_add_marker(p, STR("[kernel]"));
	profile_add_sample(p, &location, 1, (const int64_t[]){(ns + p->period - 1) / p->period, ns}, 0);
}

static void put_program_first(const struct attach *t, struct profile *p)
{
	strid program = profile_find_string(p, str_from(t->program));
	for (uint32_t i = 0; i < p->nmappings; i++) {
		if (program && p->mappings[i].file == program) {
			profile_put_mapping_first(p, i);
			return;
		}
	}
}

static void describe(struct attach *t, struct profile *p)
{
	struct arena *a = t->arena;
	struct utsname system;
	uname(&system);
	profile_add_comment(p, str_from(arena_printf(a, "cprof %s: CPU profile of process %d (%s) on %s, %s %s %s",
			CPROF_VERSION, t->pid, t->name, system.nodename, system.sysname, system.release,
			system.machine)));
	profile_add_comment(p, str_from(arena_printf(a, "engine: perf events, from outside; %d Hz", t->rate_hz)));
	if (!t->sampler.sees_kernel)
		profile_add_comment(p, STR("kernel: not permitted to sample it: [kernel] is its own count of the time "
				"in it"));
	p->time_nanos = t->start_ns;
	p->duration_nanos = now_ns(CLOCK_REALTIME) - t->start_ns;
}

static void warn(void *arg, const char *message)
{
	const struct attach *t = arg;
	if (!t->is_quiet)
		env_warn(t->env, "%s", message);
}

static int64_t used_ns(const struct attach *t)
{
	return (int64_t)(t->last.user_ns + t->last.kernel_ns - t->first.user_ns - t->first.kernel_ns);
}

/** Of the time that is in no sample, that of samples for which there was no room is the greater part. */
static bool was_too_slow(const struct attach *t, int64_t missing_ns)
{
	return (double)perf_recording_nlost(t->recording) / t->rate_hz > (double)missing_ns / NS_PER_S / 2;
}

/** A thread is sampled when it has used a whole period. NULL: nearly all is in the samples. */
static const char *missing(struct attach *t, int64_t sampled_ns)
{
	int64_t missing_ns = used_ns(t) - sampled_ns;
	if (missing_ns < MIN_MISSING_NS || missing_ns < used_ns(t) / MISSING_PART)
		return NULL;
	t->is_too_slow = was_too_slow(t, missing_ns);
	if (t->is_too_slow)
		return arena_printf(t->arena, "%.2f s of CPU are in no sample: the kernel had no room for them, as "
				"cprof did not run in time", (double)missing_ns / NS_PER_S);
	return arena_printf(t->arena, "%.2f s of CPU are in no sample, as those of threads that used less than %g ms "
			"each", (double)missing_ns / NS_PER_S, 1e3 / t->rate_hz);
}

static void say_missing(struct attach *t, const char *lost)
{
	if (t->is_too_slow && t->rate_hz > DEFAULT_HZ)
		env_say(t->env, "cprof: %s; try: -cpurate %d", lost, DEFAULT_HZ);
	else if (!t->is_too_slow && t->rate_hz < FASTER_HZ)
		env_say(t->env, "cprof: %s; try: -cpurate %d", lost, FASTER_HZ);
	else
		env_say(t->env, "cprof: %s", lost);
}

/** Masters of processes that do the work (nginx, postgres) are what people find first. */
static void say_empty(struct attach *t)
{
	int child = process_busiest_child(t->arena, t->pid);
	env_say(t->env, "cprof: wrote %s, empty: nothing was sampled in %llu ms of CPU of %s (%d)", t->file,
			(unsigned long long)used_ns(t) / NS_PER_MS, t->name, t->pid);
	if (child)
		env_say(t->env, "cprof: of its child processes %s (%d) has used most; try: cprof attach %d",
				process_name(t->arena, child), child, child);
}

/** What it has become meanwhile. */
static void look_again(struct attach *t)
{
	struct str path, name;
	if (!perf_recording_program(t->recording, t->pid, &path, &name))
		return;
	t->program = arena_strndup(t->arena, path.ptr, path.len);
	t->name = arena_strndup(t->arena, name.ptr, name.len);
}

static struct err *finish(struct attach *t)
{
	look_again(t);
	struct profile *p = perf_recording_end(t->recording);
	const struct symbolize_options options = {.mode = "", .warn = warn, .arg = t};
	struct buf bytes = {0};
	int64_t nsamples = 0, cpu_ns = 0;
	add_kernel_time(t, p);
	for (uint32_t i = 0; i < p->nsamples; i++) {
		nsamples += profile_values(p, i)[0];
		cpu_ns += profile_values(p, i)[1];
	}
	describe(t, p);
	const char *lost = missing(t, cpu_ns);
	if (lost)
		profile_add_comment(p, str_from(arena_printf(t->arena, "lost: %s", lost)));
	struct err *e = symbolize(p, t->arena, &options);
	process_rename_mappings(t->pid, p);
	put_program_first(t, p);
	if (!e) {
		profile_encode_gzip(p, &bytes);
		int error = outfile_write(t->arena, t->file, bytes.ptr, bytes.len);
		e = error ? err_new(t->arena, "write %s: %s", t->file, err_os(t->arena, error)) : NULL;
	}
	if (!e && !t->is_quiet && nsamples == 0)
		say_empty(t);
	else if (!e && !t->is_quiet)
		env_say(t->env, "cprof: wrote %s (%.2f s of CPU in %lld samples); try: cprof -top %s", t->file,
				(double)cpu_ns / NS_PER_S, (long long)nsamples, quote_shell(t->arena, t->file));
	if (!e && !t->is_quiet && lost)
		say_missing(t, lost);
	buf_deinit(&bytes);
	profile_destroy(p);
	return e;
}

int attach_main(const struct env *env, int argc, char **argv)
{
	struct arena a = {0};
	struct attach t = {.env = env, .arena = &a, .file = "cprof.cpu.pb.gz", .rate_hz = DEFAULT_HZ,
			.ready_fd = -1};
	struct err *e = parse(&t, argc, argv);
	if (e) {
		env_warn(env, "cprof: attach: %s", e->message);
		fputs("usage: cprof attach [FLAGS] PID; for the flags: cprof help attach\n", env->err);
	} else if (t.asks_for_help) {
		fputs(usage, env->out);
	} else {
		e = record(&t);
		if (!e)
			e = finish(&t);
		if (e)
			env_warn(env, "cprof: attach: %s", e->message);
	}
	arena_deinit(&a);
	return e ? EXIT_BAD : EXIT_SUCCESS;
}
