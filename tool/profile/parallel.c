// SPDX-License-Identifier: MIT
// Threads for one pass. They live as long as the pass: a pass that is worth them takes a hundred
// times longer than starting them. See parallel.h.
#include "tool/profile/parallel.h"

#include <pthread.h>
#include <unistd.h>

// Of so many samples one tells how long their stacks are.
enum { MIN_FRAMES_A_THREAD = 1 << 18, SAMPLES_A_LOOK = 64 };

static size_t frames_near(const struct profile *p, uint32_t sample)
{
	return p->loc_end[sample] - p->loc_begin[sample];
}

uint32_t parallel_ranges(const struct profile *p, struct sample_range ranges[PARALLEL_MAX])
{
	size_t n = p->nlocs / MIN_FRAMES_A_THREAD;
	long cpus = n > 1 ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
	if (n > (size_t)(cpus > 0 ? cpus : 1))
		n = (size_t)(cpus > 0 ? cpus : 1);
	if (n > PARALLEL_MAX)
		n = PARALLEL_MAX;
	if (n < 1)
		n = 1;
	size_t frames = 0;
	for (uint32_t i = 0; n > 1 && i < p->nsamples; i += SAMPLES_A_LOOK)
		frames += frames_near(p, i);

	uint32_t at = 0;
	size_t done = 0;
	for (size_t k = 0; k < n; k++) {
		ranges[k].begin = at;
		if (k + 1 == n)
			at = p->nsamples;
		for (; at < p->nsamples && done < frames * (k + 1) / n; at += SAMPLES_A_LOOK)
			done += frames_near(p, at);
		ranges[k].end = at = at < p->nsamples ? at : p->nsamples;
	}
	return (uint32_t)n;
}

struct job {
	void *state;
	void (*work)(void *state, struct sample_range range);
	struct sample_range range;
};

static void *job_main(void *arg)
{
	const struct job *j = arg;
	j->work(j->state, j->range);
	return NULL;
}

void parallel_run(const struct sample_range *ranges, uint32_t n, void *states, size_t state_size,
		void (*work)(void *state, struct sample_range range))
{
	pthread_t threads[PARALLEL_MAX];
	bool started[PARALLEL_MAX] = {0};
	struct job jobs[PARALLEL_MAX];

	for (uint32_t i = 0; i < n; i++)
		jobs[i] = (struct job){(char *)states + i * state_size, work, ranges[i]};
	for (uint32_t i = 1; i < n; i++)
		started[i] = pthread_create(&threads[i], NULL, job_main, &jobs[i]) == 0;
	for (uint32_t i = 0; i < n; i++) {
		if (started[i])
			pthread_join(threads[i], NULL);
		else
			job_main(&jobs[i]);
	}
}
