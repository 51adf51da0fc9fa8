// SPDX-License-Identifier: MIT
// One line where all went well, a second one where something is missing.
#include "summary.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/outfile.h"
#include "base/path.h"
#include "base/quote.h"
#include "format/tracefmt.h"
#include "leak.h"
#include "outcome.h"

// Less CPU time than this outside of the profile is not worth a line.
enum { NOTABLE_MS = 100, NS_PER_MS = 1000000 };

static bool is_regular_or_new(const char *path)
{
	struct stat st;
	return stat(path, &st) != 0 || S_ISREG(st.st_mode);
}

static void print_nothing(struct arena *a, const struct injection_file *f, const char *reason)
{
	int error = outfile_probe(a, f->path);
	if (!is_regular_or_new(f->path))
		fprintf(stderr, "cprof: the profile went to %s\n", f->given);
	else
		fprintf(stderr, "cprof: no profile: %s: %s\n", f->given, error ? strerror(error) : reason);
}

static int64_t usage_ms(const struct rusage *u)
{
	return (int64_t)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000 +
			(u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1000;
}

/** Of a program that wrote nothing to the file. */
static const char *why_unwritten(struct arena *a, const struct child *c, const struct injection_file *f)
{
	const char *by_signal = WIFSIGNALED(c->status) ? sigabbrev_np(WTERMSIG(c->status)) : NULL;
	if (outcome_is_per_process(f->given))
		return arena_printf(a, "no process has written one, in %lld ms of CPU%s%s; those that still run, "
				"as a daemon does, write theirs when they end, unless another user, another root or a "
				"sandbox keeps them from it", (long long)usage_ms(&c->usage),
				by_signal ? ", until the program died of SIG" : "", by_signal ? by_signal : "");
	if (by_signal)
		return arena_printf(a, "SIG%s ended the program before it could be written (or after it became another "
				"user, or changed its root?)", by_signal);
	return "the program ended without writing it (as another user, without its environment, static, out of memory, "
	       "or not by exit? after chroot it is below the new root, if its folder is there)";
}

static int64_t times_ms(const struct process_times *t)
{
	return (int64_t)((t->user_ns + t->kernel_ns) / 1000000);
}

/** "1 thread", "2 threads". */
static const char *counted(struct arena *a, int64_t n, const char *noun)
{
	return arena_printf(a, "%lld %s%s", (long long)n, noun, n == 1 ? "" : "s");
}

/** The path as the user wrote it: relative where FILE was. */
static const char *shown(const struct injection_file *f, const char *path)
{
	return *f->given == '/' ? path : path + strlen(f->path) - strlen(f->given);
}

/** The name of the one file, or a pattern for all of them. */
static const char *shown_all(struct arena *a, const struct injection_file *f,
		const struct outcome_files *files)
{
	if (files->count == 1)
		return shown(f, files->paths[0]);
	return arena_printf(a, "%s%s", path_expand(a, f->given, "*"), files->are_earlier ? ".*" : "");
}

static void print_written(struct arena *a, const struct injection_file *f, const struct outcome *o)
{
	const struct outcome_files *files = o->last.count ? &o->last : &o->earlier;
	const struct measure *m = &files->measure;
	const char *file = shown_all(a, f, files);
	fprintf(stderr, "cprof: wrote %s (%.2f s of CPU in %s", file, (double)m->cpu_ns / 1e9,
			counted(a, m->samples, "sample"));
	if (m->threads)
		fprintf(stderr, ", %s", counted(a, m->threads, "thread"));
	if (files->count > 1)
		fprintf(stderr, ", %d processes", files->count);
	fprintf(stderr, "); try: cprof -top %s\n", quote_shell(a, file));
	if (o->last.count && o->earlier.measure.samples)
		fprintf(stderr, "cprof: %.2f s of CPU before exec: %s%s\n",
				(double)o->earlier.measure.cpu_ns / 1e9, shown(f, o->earlier.paths[0]),
				o->earlier.count > 1 ? " and so on" : "");
}

static void print_damaged(struct arena *a, const struct outcome *o)
{
	if (o->ndamaged)
		fprintf(stderr, "cprof: %s cannot be read whole; is the disk full?\n",
				counted(a, o->ndamaged, "profile"));
}

/** CPU time that is not in the profile, if it is worth a line. */
static void print_missing(int64_t used_ms, int64_t missing_ms, const char *where)
{
	if (missing_ms > NOTABLE_MS && missing_ms > used_ms / 5)
		fprintf(stderr, "cprof: %.2f s of CPU %s\n", (double)missing_ms / 1e3, where);
}

static void print_cpu(struct arena *a, const struct injection *in, const struct child *c)
{
	const struct injection_file *f = &in->cpu;
	struct outcome o;
	outcome_find(a, f, &o);
	int64_t used_ms = usage_ms(&c->usage), own_ms = times_ms(&c->own_times);
	int64_t sampled_ns = o.last.measure.cpu_ns + o.earlier.measure.cpu_ns;
	if (own_ms == 0) // without /proc nobody says so
		own_ms = sampled_ns / 1000000;
	int64_t children_ms = used_ms - own_ms;
	bool per_process = outcome_is_per_process(f->given);
	if (sampled_ns > 0)
		print_written(a, f, &o);
	else if (o.last.count)
		fprintf(stderr, "cprof: wrote %s, empty: nothing was sampled in %lld ms of CPU\n",
				path_expand(a, f->given, "*"), (long long)(per_process ? used_ms : own_ms));
	else if (o.ndamaged == 0)
		print_nothing(a, f, own_ms > NOTABLE_MS || per_process
						? why_unwritten(a, c, f)
						: "nothing was sampled in the program itself");
	print_damaged(a, &o);
	if (!per_process)
		print_missing(used_ms, children_ms,
				"were spent in child processes; to profile them too, put %p into the file's name");
	else
		print_missing(used_ms, used_ms - sampled_ns / NS_PER_MS,
				"are in no profile: the loader's before a program begins, the profiler's own, or of "
				"processes that were killed, ended within milliseconds or past libc (as Go's do), "
				"are static, were given another environment, or run as another user, who may not write "
				"there");
}

/** Of when it is, where the program did not come to write it at its end. */
static const char *as_of(struct arena *a, const struct outcome_files *files, const struct child *c)
{
	struct stat st;
	struct timespec now;
	const char *end = WIFSIGNALED(c->status) ? arena_printf(a, "SIG%s", sigabbrev_np(WTERMSIG(c->status)))
						 : "the end";
	if (!files->measure.is_checkpoint)
		return "";
	if (files->count > 1 || stat(files->paths[0], &st) != 0)
		return ", some of before they were killed";
	clock_gettime(CLOCK_REALTIME, &now);
	double age_s = (double)(now.tv_sec - st.st_mtim.tv_sec) + (double)(now.tv_nsec - st.st_mtim.tv_nsec) / 1e9;
	return arena_printf(a, ", %.1f s before %s", age_s, end);
}

/** The files of a profile that is written when the program ends; NULL, and said why: there are none. */
static const struct outcome_files *find_written(struct arena *a, const struct child *c,
		const struct injection_file *f, struct outcome *o)
{
	outcome_find(a, f, o);
	const struct outcome_files *files = o->last.count ? &o->last : &o->earlier;
	print_damaged(a, o);
	if (!files->count && !o->ndamaged)
		print_nothing(a, f, why_unwritten(a, c, f));
	return files->count ? files : NULL;
}

/** As the analyzer shows sizes: 1.50MB. */
static const char *sized(struct arena *a, int64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t unit = 0;
	for (; value >= 1024 && unit + 1 < sizeof(units) / sizeof(*units); unit++)
		value /= 1024;
	return arena_printf(a, "%.*f%s", unit ? 2 : 0, value, units[unit]);
}

static void print_heap(struct arena *a, const struct injection *in, const struct child *c,
		const struct injection_file *f)
{
	struct outcome o;
	const struct outcome_files *files = find_written(a, c, f, &o);
	if (!files)
		return;
	const struct measure *m = &files->measure;
	const char *file = shown_all(a, f, files);
	if (*m->heap_unseen) {
		fprintf(stderr, "cprof: wrote %s, empty: %s\n", file, m->heap_unseen);
		return;
	}
	if (m->alloc_bytes == 0) {
		bool is_exact = in->options->mem_rate_bytes == 1;
		fprintf(stderr, "cprof: wrote %s, empty: no allocation was %s\n", file,
				is_exact ? "made" : "sampled; -memprofilerate 1 records each");
		return;
	}
	if (f == &in->allocs) {
		fprintf(stderr, "cprof: wrote %s (%s allocated%s); try: cprof -top %s\n", file,
				sized(a, m->alloc_bytes), as_of(a, files, c), quote_shell(a, file));
		return;
	}
	// Of a program that freed all, the value shown by default would be an empty table.
	const char *when = as_of(a, files, c);
	fprintf(stderr, "cprof: wrote %s (%s in use%s, %s at the peak, %s allocated%s); "
			"try: cprof -top %s%s\n", file, sized(a, m->inuse_bytes), *when ? "" : " at the end",
			sized(a, m->peak_bytes), sized(a, m->alloc_bytes), when,
			m->inuse_bytes ? "" : "-sample_index=peak_space ", quote_shell(a, file));
	for (int i = 0; in->options->leak && i < files->count; i++) {
		const char *path = files->paths[i];
		leak_print(path, files->count > 1 ? arena_printf(a, "%s: ", shown(f, path)) : "",
				in->options->mem_rate_bytes == 1);
	}
}

/** What threads waited, or made others wait: each stack ends in the same few functions, so a table of these says
 *  little. `what` NULL: where they were. */
static void print_state(struct arena *a, const struct injection *in, const struct child *c,
		const struct injection_file *f, const char *what)
{
	struct outcome o;
	const struct outcome_files *files = find_written(a, c, f, &o);
	if (!files)
		return;
	const char *file = shown_all(a, f, files);
	if (what && files->measure.samples == 0)
		fprintf(stderr, "cprof: wrote %s, empty: no %s was recorded\n", file, what);
	else if (what)
		fprintf(stderr, "cprof: wrote %s (%s, %.2f s%s); try: cprof -stacks %s\n", file,
				counted(a, files->measure.samples, what),
				(double)files->measure.delay_ns / 1e9, as_of(a, files, c), quote_shell(a, file));
	else
		fprintf(stderr, "cprof: wrote %s; try: cprof %s %s\n", file,
				f == &in->threads ? "-traces" : "-top", quote_shell(a, file));
}

/** The last chunk of a trace says that it is the last. */
static bool has_end(const char *path, int64_t nbytes)
{
	uint8_t tail[TRACE_CHUNK_HEADER_BYTES + 4 * PB_MAX_VARINT_BYTES];
	int64_t tail_bytes = nbytes < (int64_t)sizeof(tail) ? nbytes : (int64_t)sizeof(tail);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : pread(fd, tail, (size_t)tail_bytes, nbytes - tail_bytes);
	bool is_end = false;
	for (ssize_t i = 0; i < n && !is_end; i++) {
		struct trace_reader r = {.in = {tail + i, tail + n}};
		struct trace_chunk c;
		is_end = trace_next_chunk(&r, &c) && c.kind == TRACE_CHUNK_END && r.in.at == r.in.end;
	}
	if (fd >= 0)
		close(fd);
	return is_end;
}

static void print_trace(struct arena *a, const struct injection_file *f)
{
	static const char cut[] = ", but not to its end (the program was killed, changed its user or its root, or did "
				  "not leave by exit, or the disk is full)";
	struct stat st;
	outcome_tidy(a, f);
	if (outcome_is_per_process(f->given))
		fprintf(stderr, "cprof: traces went to %s; try: cprof trace FILE\n", path_expand(a, f->given, "*"));
	else if (stat(f->path, &st) == 0 && st.st_size > 0)
		fprintf(stderr, "cprof: wrote %s%s; try: cprof trace %s\n", f->given,
				has_end(f->path, st.st_size) ? "" : cut, quote_shell(a, f->given));
	else
		print_nothing(a, f, "the program could not be traced");
}

/** True if there is something to say of it: of a program with an obstacle, that is why nothing was written. */
static bool is_news(struct arena *a, const struct injection *in, const struct injection_file *f)
{
	struct outcome o;
	if (f->path && in->obstacle)
		outcome_find(a, f, &o);
	return f->path && (!in->obstacle || o.last.count || o.earlier.count || o.ndamaged);
}

void summary_print(struct arena *a, const struct injection *in, const struct child *c)
{
	if (is_news(a, in, &in->cpu))
		print_cpu(a, in, c);
	if (is_news(a, in, &in->heap))
		print_heap(a, in, c, &in->heap);
	if (is_news(a, in, &in->allocs))
		print_heap(a, in, c, &in->allocs);
	if (is_news(a, in, &in->block))
		print_state(a, in, c, &in->block, "wait");
	if (is_news(a, in, &in->mutex))
		print_state(a, in, c, &in->mutex, "contended release");
	if (is_news(a, in, &in->syscalls))
		print_state(a, in, c, &in->syscalls, "system call");
	if (is_news(a, in, &in->threads))
		print_state(a, in, c, &in->threads, NULL);
	if (is_news(a, in, &in->wall))
		print_state(a, in, c, &in->wall, NULL);
	if (is_news(a, in, &in->trace))
		print_trace(a, &in->trace);
	if (is_news(a, in, &in->threadcreate))
		print_state(a, in, c, &in->threadcreate, NULL);
}
