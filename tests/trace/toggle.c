// SPDX-License-Identifier: MIT
// toggle TIMES: a trace and the flight recorder are started and stopped so often while threads record all the
// time. Each trace goes to memory and is read back by our own reader: no chunk of any may be damaged.
#include <cprof/pprof.h>
#include <cprof/trace.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/tracefmt.h"

enum { THREADS = 3, MAX_BYTES = 64 << 20 };

static atomic_bool is_over;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint8_t *bytes;
static size_t nbytes;

static int keep(void *arg, const void *data, size_t size)
{
	if (nbytes + size > MAX_BYTES)
		return -1;
	memcpy(bytes + nbytes, data, size);
	nbytes += size;
	return 0;
}

static void *record(void *arg)
{
	while (!atomic_load(&is_over)) {
		nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
		CPROF_TRACE_REGION("work");
		pthread_mutex_lock(&lock);
		cprof_trace_log("step", "locked");
		pthread_mutex_unlock(&lock);
	}
	return arg;
}

/** How many events there are; -1: something is damaged, or the end is missing. */
static long check(void)
{
	struct trace_reader reader;
	struct trace_chunk chunk;
	struct trace_event event;
	struct trace_stack stack;
	struct trace_end end;
	long nevents = 0;
	bool has_end = false;
	if (!trace_open(&reader, bytes, nbytes))
		return -1;
	while (trace_next_chunk(&reader, &chunk)) {
		while (trace_next_event(&chunk, &event))
			nevents++;
		while (trace_next_stack(&chunk, &stack))
			;
		has_end |= trace_get_end(&chunk, &end);
		if (chunk.is_damaged)
			return -1;
	}
	return reader.is_cut || !has_end ? -1 : nevents;
}

static long one_trace(int i)
{
	nbytes = 0;
	if (cprof_trace_start(cprof_to_callback(keep, NULL)) != 0)
		return -1;
	for (int n = 0; n < i % 5; n++) {
		CPROF_TRACE_REGION("main");
	}
	return cprof_trace_stop() == 0 ? check() : -1;
}

static long one_snapshot(int i)
{
	nbytes = 0;
	if (cprof_flight_recorder_start(NULL) != 0)
		return -1;
	if (cprof_flight_recorder_write_to(cprof_to_callback(keep, NULL)) != 0)
		return -1;
	long nevents = check();
	return cprof_flight_recorder_stop() == 0 ? nevents : -1;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	long nevents = 0;
	int times = argc > 1 ? atoi(argv[1]) : 1;
	bytes = malloc(MAX_BYTES);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, record, NULL);
	for (int i = 0; i < times; i++) {
		long n = i % 4 == 3 ? one_snapshot(i) : one_trace(i);
		if (n < 0) {
			printf("damaged in round %d\n", i);
			return 1;
		}
		nevents += n;
	}
	atomic_store(&is_over, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	free(bytes);
	printf("%ld events\n", nevents);
	return 0;
}
