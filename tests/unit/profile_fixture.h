// SPDX-License-Identifier: MIT
// Small profiles for the tests of tool/profile, described in a line a sample.
#ifndef CPROF_TESTS_PROFILE_FIXTURE_H
#define CPROF_TESTS_PROFILE_FIXTURE_H

#include "base/buf.h"
#include "tool/profile/encode.h"
#include "tool/profile/parse.h"
#include "unit.h"

// A function is one letter: 'A' is function "A" in file "A.c", at a location of its own.
static inline uint32_t fixture_location(struct profile *p, char letter)
{
	char name[] = {letter, 0}, file[] = {letter, '.', 'c', 0};
	for (uint32_t i = 0; i < p->nlocations; i++) {
		const struct line *line = &p->lines[p->locations[i].line_begin];
		if (str_eq(profile_function_name(p, line->function), str_from(name)))
			return i;
	}
	strid id = profile_intern(p, str_from(name));
	struct line line = {.line = letter};
	line.function = profile_add_function(p, (struct function){.id = p->nfunctions + 1, .name = id,
			.system_name = id, .filename = profile_intern(p, str_from(file))});
	return profile_add_location(p, (struct location){.id = p->nlocations + 1,
			.address = 0x1000u + (unsigned char)letter, .mapping = p->nmappings ? 0 : NO_INDEX}, &line, 1);
}

/* One type, samples/count, in a mapping of "/bin/prog". */
static inline struct profile *fixture_create(void)
{
	struct profile *p = profile_create();
	struct value_type type = {profile_intern(p, STR("samples")), profile_intern(p, STR("count"))};
	profile_set_sample_types(p, &type, 1);
	p->period_type = type;
	p->has_period_type = true;
	p->period = 1;
	profile_add_mapping(p, (struct mapping){.id = 1, .start = 0x1000, .limit = 0x2000,
			.file = profile_intern(p, STR("/bin/prog"))});
	return p;
}

/* A sample whose stack is "leaf..root", one letter a frame. */
static inline void fixture_add(struct profile *p, const char *stack, int64_t value, uint32_t labels)
{
	uint32_t locs[64], n = 0;
	for (; stack[n]; n++)
		locs[n] = fixture_location(p, stack[n]);
	profile_add_sample(p, locs, n, &value, labels);
}

static inline uint32_t fixture_label(struct profile *p, const char *key, const char *value)
{
	struct label l = {.key = profile_intern(p, str_from(key)), .str = profile_intern(p, str_from(value))};
	return profile_intern_labels(p, &l, 1);
}

static inline uint32_t fixture_number(struct profile *p, const char *key, int64_t value, const char *unit)
{
	struct label l = {.key = profile_intern(p, str_from(key)), .num = value, .is_num = true,
			.unit = profile_intern(p, str_from(unit))};
	return profile_intern_labels(p, &l, 1);
}

/* "leaf..root=value " of each sample, all lines of a location from the innermost; in static memory. */
static inline const char *fixture_samples(const struct profile *p)
{
	static struct buf out;
	out.len = 0;
	for (uint32_t i = 0; i < p->nsamples; i++) {
		struct stack stack = profile_stack(p, i);
		for (uint32_t j = 0; j < stack.n; j++) {
			const struct location *l = &p->locations[stack_loc(stack, j)];
			for (uint32_t k = 0; k < l->nlines; k++)
				buf_str(&out, profile_function_name(p, p->lines[l->line_begin + k].function));
		}
		buf_printf(&out, "=%lld ", (long long)profile_values(p, i)[0]);
	}
	buf_byte(&out, 0);
	return out.ptr;
}

static inline const char *fixture_dump(const struct profile *p)
{
	static struct buf out;
	out.len = 0;
	profile_dump(p, &out);
	buf_byte(&out, 0);
	return out.ptr;
}

#endif
