// SPDX-License-Identifier: MIT
// Profiles on their way to a server: as many as there is room for. The oldest go first, by either way.
#ifndef CPROF_TOOL_SPOOL_H
#define CPROF_TOOL_SPOOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"

struct spooled {
	struct spooled *next;
	time_t from_s, until_s;
	const char *stem; // of its file; see folder.h
	struct buf profile;
};

/** All of it under lock. */
struct spool {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct spooled *first, **last;
	size_t bytes, max_bytes;
	uint64_t nput, ndropped;
	bool is_closed;
};

void spool_init(struct spool *s, size_t max_bytes);

/** Takes the profile's bytes. Where there is no room the oldest are dropped, and counted. */
void spool_put(struct spool *s, const struct spooled *profile);

/** Waits for one, which is the caller's then; NULL: it is closed, and empty. */
struct spooled *spool_take(struct spool *s);

/** Nothing will come any more. */
void spool_close(struct spool *s);

/** Sleeps until then, by CLOCK_MONOTONIC, or until it is closed. */
void spool_rest(struct spool *s, const struct timespec *until);

bool spool_is_closed(struct spool *s);

/** For want of room. */
uint64_t spool_ndropped(struct spool *s);

/** All that were ever put into it. */
uint64_t spool_nput(struct spool *s);

void spooled_free(struct spooled *profile);

#endif
