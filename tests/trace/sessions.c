// SPDX-License-Identifier: MIT
// sessions HOW: prints "ok".
//   refused    a trace whose writer fails at once has not begun
//   counting   so is one whose writer returns how much it took
//   writer     a writer that stops its own trace is refused
//   names      more names than there is room for: no region is missing
//   nulls      strings that are missing end no program once it is traced
//   tasks      each has an id of its own, a trace or none, and a thread has the one it was given last
//   texts      of a long message as much is kept as is said, however it is made
//   leftovers  what threads recorded while a trace was stopped is not in the next
//   stop       a stop writes what there was to write then, while threads go on recording
//   fork       children that are made while the first trace is being started can trace
#include <cprof/pprof.h>
#include <cprof/trace.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM_BYTES = 40 << 20, NNAMES = 70000, NTHREADS = 4, NCHILDREN = 100, NTURNS = 3, CHILD_S = 20 };

static atomic_bool is_over;
static atomic_int inner, ncalls;
static atomic_int first_mark = -1; // in what the writer got: the smallest number of a log
static atomic_int mark, last_marks[NTHREADS];

static int refuse(void *arg, const void *data, size_t nbytes)
{
	return -ENOSPC;
}

static int drop(void *arg, const void *data, size_t nbytes)
{
	return 0;
}

static atomic_bool is_stopping;
static atomic_size_t late_bytes;

/** A disk slower than threads fill buffers. */
static int write_slowly(void *arg, const void *data, size_t nbytes)
{
	atomic_fetch_add(&ncalls, 1);
	if (atomic_load(&is_stopping))
		atomic_fetch_add(&late_bytes, nbytes);
	usleep(200);
	return 0;
}

static int stop_inside(void *arg, const void *data, size_t nbytes)
{
	if (atomic_fetch_add(&ncalls, 1) == 1) // the first is of the start
		atomic_store(&inner, cprof_trace_stop());
	return 0;
}

/** Finds the earliest of the logs "mark N", N a digit. */
static int find_marks(void *arg, const void *data, size_t nbytes)
{
	const char *at = data, *end = at + nbytes;
	while ((at = memmem(at, (size_t)(end - at), "mark ", 5)) && at + 5 < end) {
		int n = at[5] - '0';
		if (first_mark < 0 || n < first_mark)
			first_mark = n;
		at++;
	}
	return 0;
}

static int trace_by(int (*write)(void *, const void *, size_t))
{
	return cprof_trace_start((struct cprof_writer){.write = write});
}

static bool refused(void)
{
	return trace_by(refuse) == -ENOSPC && !cprof_trace_is_enabled() && trace_by(drop) == 0 &&
			cprof_trace_stop() == 0;
}

static int count(void *arg, const void *data, size_t nbytes)
{
	return (int)nbytes;
}

static bool counting(void)
{
	return trace_by(count) == -EIO && !cprof_trace_is_enabled();
}

static bool writer(void)
{
	if (trace_by(stop_inside) < 0)
		return false;
	while (!atomic_load(&inner))
		cprof_trace_log("kind", "text");
	return atomic_load(&inner) == -EBUSY && cprof_trace_is_enabled() && cprof_trace_stop() == 0;
}

static bool names(void)
{
	char name[32];
	bool is_whole = trace_by(drop) == 0;
	for (int i = 0; i < NNAMES; i++) {
		snprintf(name, sizeof(name), "region %d", i);
		struct cprof_trace_region region = cprof_trace_region_begin(name);
		is_whole &= region.type != 0;
		cprof_trace_region_end(&region);
	}
	return cprof_trace_stop() == 0 && is_whole;
}

static bool task_is_its_own(void)
{
	uint64_t first = cprof_trace_task_begin("task", 0), second = cprof_trace_task_begin("task", first);
	bool is_right = first != 0 && second != 0 && first != second && cprof_trace_current_task() == 0;
	is_right &= cprof_trace_set_task(first) == 0 && cprof_trace_set_task(second) == first;
	is_right &= cprof_trace_current_task() == second && cprof_trace_set_task(0) == second;
	cprof_trace_task_end(second);
	cprof_trace_task_end(first);
	return is_right && cprof_trace_current_task() == 0;
}

static bool tasks(void)
{
	bool is_right = task_is_its_own() && trace_by(drop) == 0 && task_is_its_own();
	uint64_t within = cprof_trace_task_begin("begun in it", 0);
	is_right &= cprof_trace_stop() == 0 && cprof_trace_task_begin("after it", 0) != within;
	cprof_trace_task_end(within);
	return is_right;
}

enum { KEPT_BYTES = 4096 };

static atomic_int nkept;

static int count_kept(void *arg, const void *data, size_t nbytes)
{
	size_t run = 0;
	for (const char *at = data, *end = at + nbytes; at <= end; at++) {
		bool is_x = at < end && *at == 'x';
		if (!is_x && run == KEPT_BYTES)
			atomic_fetch_add(&nkept, 1);
		run = is_x ? run + 1 : 0;
	}
	return 0;
}

static bool texts(void)
{
	char text[KEPT_BYTES + 100] = {0};
	memset(text, 'x', sizeof(text) - 1);
	bool is_on = trace_by(count_kept) == 0;
	cprof_trace_log("kind", text);
	cprof_trace_logf("kind", "%s", text);
	return is_on && cprof_trace_stop() == 0 && atomic_load(&nkept) == 2;
}

static void *log_for_ever(void *last)
{
	while (!atomic_load(&is_over)) {
		int now = atomic_load(&mark);
		cprof_trace_logf("kind", "mark %d", now);
		atomic_store((atomic_int *)last, now);
	}
	return NULL;
}

static void start_logging(pthread_t threads[NTHREADS])
{
	for (int i = 0; i < NTHREADS; i++)
		pthread_create(&threads[i], NULL, log_for_ever, &last_marks[i]);
}

static void end_logging(const pthread_t threads[NTHREADS])
{
	atomic_store(&is_over, true);
	for (int i = 0; i < NTHREADS; i++)
		pthread_join(threads[i], NULL);
}

static bool leftovers(void)
{
	pthread_t threads[NTHREADS];
	bool is_clean = true;
	start_logging(threads);
	for (int turn = 1; turn <= NTURNS; turn++) {
		atomic_store(&mark, turn);
		for (int i = 0; i < NTHREADS; i++) {
			while (atomic_load(&last_marks[i]) != turn)
				usleep(1000);
		}
		first_mark = -1;
		is_clean &= trace_by(find_marks) == 0;
		usleep(200000);
		is_clean &= cprof_trace_stop() == 0 && first_mark == turn;
	}
	end_logging(threads);
	return is_clean;
}

/** There are 32 MiB of buffers; a stop wrote them twice, since it waited for the keeper to be through. */
static bool stop(void)
{
	pthread_t threads[NTHREADS];
	bool is_on = trace_by(write_slowly) == 0;
	start_logging(threads);
	while (is_on && atomic_load(&ncalls) < 10) // the keeper is at it
		usleep(1000);
	atomic_store(&is_stopping, true);
	bool is_off = cprof_trace_stop() == 0;
	end_logging(threads);
	return is_on && is_off && atomic_load(&late_bytes) < ROOM_BYTES;
}

static bool nulls(void)
{
	bool is_on = trace_by(drop) == 0;
	cprof_trace_task_end(cprof_trace_task_begin(NULL, 0));
	struct cprof_trace_region region = cprof_trace_region_begin(NULL);
	cprof_trace_region_end(&region);
	cprof_trace_region_end(NULL);
	cprof_trace_log(NULL, "message");
	cprof_trace_log("category", NULL);
	cprof_trace_logf(NULL, "%d", 1);
	return cprof_trace_stop() == 0 && is_on;
}

static void *fork_often(void *ok)
{
	for (int i = 0; i < NCHILDREN; i++) {
		int status;
		pid_t child = fork();
		if (child == 0) {
			alarm(CHILD_S); // it would wait for ever
			_exit(trace_by(drop) == 0 ? 0 : 1);
		}
		waitpid(child, &status, 0);
		*(bool *)ok &= status == 0;
	}
	return NULL;
}

static bool fork_meanwhile(void)
{
	pthread_t forker;
	bool ok = true;
	pthread_create(&forker, NULL, fork_often, &ok);
	usleep(10000);
	int ret = trace_by(drop);
	pthread_join(forker, NULL);
	return ok && ret == 0 && cprof_trace_stop() == 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*is_right)(void);
	} all[] = {{"refused", refused}, {"counting", counting}, {"writer", writer}, {"names", names},
			{"nulls", nulls}, {"tasks", tasks}, {"texts", texts}, {"leftovers", leftovers}, {"stop", stop},
			{"fork", fork_meanwhile}};
	for (size_t i = 0; argc == 2 && i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(argv[1], all[i].name) == 0)
			puts(all[i].is_right() ? "ok" : "wrong");
	}
	return 0;
}
