// SPDX-License-Identifier: MIT
// See columns.h.
#include "tool/perfdata/columns.h"

#include <linux/perf_event.h>

#include "tool/profile/profile.h"

enum {
	MAX_FEW = 64,                                // events that are kept in any case
	ALWAYS_ALLOWED_MIB = 256, ALLOWED_RATIO = 50, // bytes of values a byte of the file
};

/// Sample types

static void note_event(struct columns *c, uint32_t event)
{
	if (c->of_event[event] == NO_INDEX)
		c->of_event[event] = c->n++;
}

// perf record -e 'syscalls:*' is of 700 events, of which a program has ten.
static void find_used_events(struct columns *c)
{
	const struct perf_file *f = c->file;
	struct perf_sample s;
	uint64_t id, value;
	uint32_t event;
	for (uint32_t i = 0; i < f->nrecords; i++) {
		if (f->records[i].type != PERF_RECORD_SAMPLE || !perf_sample_parse(f, &f->records[i], &s))
			continue;
		note_event(c, s.event);
		while (perf_next_reading(&s.readings, &id, &value))
			if (perf_find_id(f, id, &event))
				note_event(c, event);
	}
	if (c->n == 0)
		note_event(c, 0);
	uint32_t n = 0; // in the file's order
	for (uint32_t i = 0; i < f->nevents; i++)
		if (c->of_event[i] != NO_INDEX)
			c->of_event[i] = n++;
}

static void name_types(const struct columns *c, uint32_t event, struct str name, struct profile *p,
		struct value_type types[2])
{
	const struct perf_event *e = &c->file->events[event];
	bool is_clock = perf_event_is_clock(e), is_cpu = is_clock && c->n == 1;
	const char *samples = is_cpu ? "samples" : arena_printf(c->arena, "%.*s_sample", STR_FMT(name));
	const char *value = is_cpu ? "cpu" : arena_printf(c->arena, "%.*s_event", STR_FMT(name));
	types[0] = (struct value_type){profile_intern(p, str_from(samples)), profile_intern(p, STR("count"))};
	types[1] = (struct value_type){profile_intern(p, str_from(value)),
			profile_intern(p, is_clock || perf_event_is_off_cpu(e) ? STR("nanoseconds") : STR("count"))};
}

void columns_init(struct columns *c, struct arena *a, const struct perf_file *f, struct profile *p)
{
	*c = (struct columns){.file = f, .arena = a, .of_event = arena_array(a, uint32_t, f->nevents)};
	for (uint32_t i = 0; i < f->nevents; i++)
		c->of_event[i] = f->nevents <= MAX_FEW ? c->n++ : NO_INDEX;
	if (f->nevents > MAX_FEW)
		find_used_events(c);
	c->counted = arena_array(a, struct counted, c->n);
	struct value_type *types = arena_array(a, struct value_type, 2 * c->n);
	const struct str *names = perf_event_names(f);
	const struct perf_event *first = NULL;
	for (uint32_t i = 0; i < f->nevents; i++) {
		if (c->of_event[i] == NO_INDEX)
			continue;
		name_types(c, i, names[i], p, &types[2 * c->of_event[i]]);
		first = first ? first : &f->events[i];
	}
	profile_set_sample_types(p, types, 2 * c->n);
	p->default_sample_type = types[1].type;
	p->period_type = types[1];
	p->has_period_type = true;
	if (!first->is_frequency)
		p->period = (int64_t)first->period;
	else if (perf_event_is_clock(first) && first->period)
		p->period = (int64_t)(1000000000 / first->period);
}

void columns_deinit(struct columns *c)
{
	readings_deinit(&c->readings);
}

/// Values

static void count(struct columns *c, uint32_t event, uint64_t period)
{
	c->counted[c->ncounted++] = (struct counted){c->of_event[event], period};
}

// The sample stands for its own event, or for all those of which it says how far they have come, if they have.
bool columns_count(struct columns *c, const struct perf_sample *s)
{
	const bool by_thread = c->file->events[s->event].is_inherited;
	struct perf_readings readings = s->readings;
	uint64_t id, value;
	uint32_t event;
	bool any = false;
	c->ncounted = 0;
	while (c->ncounted < c->n && perf_next_reading(&readings, &id, &value)) {
		if (!perf_find_id(c->file, id, &event))
			continue;
		uint64_t since = readings_advance(&c->readings, c->arena, id, by_thread ? s->tid : 0, value);
		if (since)
			count(c, event, since);
		any = true;
	}
	if (!any)
		count(c, s->event, s->period);
	return c->ncounted > 0;
}

void columns_add(const struct columns *c, int64_t *values)
{
	for (uint32_t i = 0; i < c->ncounted; i++) {
		int64_t *of_event = values + 2 * c->counted[i].column;
		of_event[0]++;
		of_event[1] = (int64_t)((uint64_t)of_event[1] + c->counted[i].period);
	}
}

uint64_t columns_max_bytes(const struct columns *c)
{
	return c->n > MAX_FEW ? ((uint64_t)ALWAYS_ALLOWED_MIB << 20) + ALLOWED_RATIO * c->file->bytes : UINT64_MAX;
}
