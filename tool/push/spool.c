// SPDX-License-Identifier: MIT
// See spool.h.
#include "spool.h"

#include <stdlib.h>

#include "base/mem.h"

void spool_init(struct spool *s, size_t max_bytes)
{
	pthread_condattr_t monotonic;
	*s = (struct spool){.max_bytes = max_bytes};
	s->last = &s->first;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

void spooled_free(struct spooled *profile)
{
	buf_deinit(&profile->profile);
	free(profile);
}

static struct spooled *unlink_first(struct spool *s)
{
	struct spooled *first = s->first;
	if (!first)
		return NULL;
	s->first = first->next;
	if (!s->first)
		s->last = &s->first;
	s->bytes -= first->profile.len;
	return first;
}

void spool_put(struct spool *s, const struct spooled *profile)
{
	struct spooled *copy = mem_zeroed(1, sizeof(*copy));
	*copy = *profile;
	copy->next = NULL;
	pthread_mutex_lock(&s->lock);
	while (s->first && s->bytes + copy->profile.len > s->max_bytes) {
		spooled_free(unlink_first(s));
		s->ndropped++;
	}
	*s->last = copy;
	s->last = &copy->next;
	s->bytes += copy->profile.len;
	s->nput++;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

struct spooled *spool_take(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->first && !s->is_closed)
		pthread_cond_wait(&s->changed, &s->lock);
	struct spooled *first = unlink_first(s);
	pthread_mutex_unlock(&s->lock);
	return first;
}

void spool_close(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	s->is_closed = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void spool_rest(struct spool *s, const struct timespec *until)
{
	pthread_mutex_lock(&s->lock);
	while (!s->is_closed && pthread_cond_timedwait(&s->changed, &s->lock, until) == 0)
		;
	pthread_mutex_unlock(&s->lock);
}

uint64_t spool_ndropped(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	uint64_t n = s->ndropped;
	pthread_mutex_unlock(&s->lock);
	return n;
}

uint64_t spool_nput(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	uint64_t n = s->nput;
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool spool_is_closed(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	bool is_closed = s->is_closed;
	pthread_mutex_unlock(&s->lock);
	return is_closed;
}
