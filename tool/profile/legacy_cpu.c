// SPDX-License-Identifier: MIT
// gperftools' CPU profiles: words 0, 3, 0, period in microseconds, 0; then count, depth and that many
// addresses a stack; then 0, 1, 0; then /proc/self/maps. The Java variant has a 1 for the third word.
#include <stdlib.h>

#include "base/mem.h"
#include "tool/profile/legacy.h"
#include "tool/profile/words.h"

enum { FORMAT_VERSION = 3, MAX_STRIPPED = 2, SIMILAR_SAMPLES = 32, NS_PER_US = 1000 };

static const char *const cpu_types[][2] = {{"samples", "count"}, {"cpu", "nanoseconds"}};

/* All stacks. Addresses of callers are return addresses: `adjust` is what leads back into the call. */
static struct err *read_samples(struct legacy *l, struct word_reader *r, uint64_t adjust)
{
	while (r->rest.len) {
		uint64_t count = next_word(r), depth = next_word(r);
		if (r->is_out || depth > r->rest.len / 4)
			return legacy_other(l);
		struct word_reader start = *r;
		uint64_t first = depth ? next_word(&start) : 0;
		if (!count && depth == 1 && !first) {
			*r = start;
			return NULL;
		}
		legacy_begin_stack(l);
		for (uint64_t i = 0; i < depth; i++) {
			uint64_t address = next_word(r);
			legacy_add_frame(l, i ? address - adjust : address);
		}
		int64_t values[2] = {(int64_t)count, (int64_t)(count * (uint64_t)l->p->period)};
		legacy_add_sample(l, values, 0);
	}
	return NULL;
}

/* The address nearly all samples have as second frame, into *address_out. */
static bool find_common_caller(const struct profile *p, uint64_t *address_out)
{
	uint32_t *counts = mem_zeroed(p->nlocations, sizeof(*counts));
	uint32_t enough = p->nsamples - p->nsamples / SIMILAR_SAMPLES;
	bool found = false;
	for (uint32_t i = 0; i < p->nsamples && !found; i++) {
		struct stack stack = profile_stack(p, i);
		if (stack.n > 1 && ++counts[stack_loc(stack, 1)] >= enough) {
			*address_out = p->locations[stack_loc(stack, 1)].address;
			found = true;
		}
	}
	free(counts);
	return found;
}

/* What the signal handler put between the leaf and its caller is in every stack. */
static void strip_handler_frames(struct profile *p)
{
	uint64_t address;
	for (unsigned i = 0; i < MAX_STRIPPED && find_common_caller(p, &address); i++) {
		for (uint32_t j = 0; j < p->nsamples; j++) {
			uint32_t *stack = p->locs + p->loc_begin[j];
			if (p->loc_end[j] - p->loc_begin[j] > 1 && p->locations[stack[1]].address == address) {
				stack[1] = stack[0];
				p->loc_begin[j]++;
			}
		}
	}
}

static struct err *parse_cpp(struct legacy *l, struct word_reader *r)
{
	struct err *err = read_samples(l, r, 1);
	if (err || l->is_other)
		return err;
	strip_handler_frames(l->p);
	struct textlines maps = {.rest = r->rest};
	err = legacy_read_maps(l, &maps);
	if (!err)
		legacy_drop_double_leaf(l);
	return err;
}

static struct err *parse_java(struct legacy *l, struct word_reader *r)
{
	struct err *err = read_samples(l, r, 0);
	if (err || l->is_other)
		return err;
	return java_finish(l, r->rest);
}

struct err *parse_legacy_cpu(struct legacy *l)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		struct word_reader r = {.rest = l->data, .is_big = kind & 1, .is_64 = kind & 2};
		uint64_t words[5];
		for (unsigned i = 0; i < 5; i++)
			words[i] = next_word(&r);
		if (r.is_out || words[0] || words[1] != FORMAT_VERSION || words[2] > 1 ||
				(int64_t)words[3] == 0 || words[4])
			continue;
		legacy_set_types(l, cpu_types, 2);
		legacy_set_period(l, "cpu", "nanoseconds", (int64_t)(words[3] * NS_PER_US));
		return words[2] ? parse_java(l, &r) : parse_cpp(l, &r);
	}
	return legacy_other(l);
}
