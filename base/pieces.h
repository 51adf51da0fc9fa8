// SPDX-License-Identifier: MIT
// Work cut into pieces: made by as many threads as there are processors, taken in the order of the pieces,
// so that the result does not depend on who was faster.
//
//	struct pieces p = {.n = n, .make = decode, .take = append, .arg = &all};
//	struct worker workers[PIECES_MAX_WORKERS] = {0};
//	pieces_run(&p, workers, sizeof(*workers), pieces_workers(n, n_that_are_worth_a_thread));
#ifndef CPROF_BASE_PIECES_H
#define CPROF_BASE_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIECES_MAX_WORKERS = 8 };

struct pieces {
	uint32_t n;
	void *arg;
	/** Makes a piece, into the state of the worker that runs it: beside other workers. */
	void (*make)(void *arg, void *worker, uint32_t piece);
	/** Takes what make() left there: one piece at a time, in order. False: the rest is not wanted. */
	bool (*take)(void *arg, void *worker, uint32_t piece);
};

/**
 * How many workers n pieces are to have: one, where there are fewer than n_to_share. A second one brings a stack,
 * an arena of malloc's, its own state and the parts of libc that end a thread: half a megabyte, and wakes the others.
 */
uint32_t pieces_workers(uint32_t n, uint32_t n_to_share);

/** Makes and takes all pieces; `workers` are the states, one a worker. The caller's thread does all the taking. */
void pieces_run(const struct pieces *p, void *workers, size_t worker_size, uint32_t nworkers);

#endif
