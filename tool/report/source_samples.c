// SPDX-License-Identifier: MIT
// Which functions and addresses a source listing is about. See source_listing.h.
#include <stdlib.h>

#include "tool/graph/graph.h"
#include "tool/report/source_listing.h"
#include "tool/report/source_symbols.h"

struct by_location {
	uint64_t address;
	uint32_t location;
};

static int by_address(const void *x, const void *y)
{
	const struct by_location *a = x, *b = y;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (a->location > b->location) - (a->location < b->location);
}

// One entry a distinct address; *index_out tells for each location which.
static void index_addresses(struct source_listing *l, uint32_t **index_out)
{
	const struct profile *p = l->report->profile;
	struct by_location *all = arena_array(l->arena, struct by_location, p->nlocations);
	uint32_t *index = arena_array(l->arena, uint32_t, p->nlocations);
	uint64_t invented = 1;
	for (uint32_t i = 0; i < p->nmappings; i++)
		if (p->mappings[i].limit > invented)
			invented = p->mappings[i].limit;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		uint64_t address = p->locations[i].address;
		all[i] = (struct by_location){address ? address : invented++, i};
	}
	if (p->nlocations)
		qsort(all, p->nlocations, sizeof *all, by_address);
	l->sampled = arena_array(l->arena, struct sampled_address, p->nlocations);
	for (uint32_t i = 0; i < p->nlocations; i++) {
		if (i == 0 || all[i].address != all[i - 1].address)
			l->sampled[l->nsampled++] = (struct sampled_address){.address = all[i].address,
					.location = all[i].location};
		index[all[i].location] = l->nsampled - 1;
	}
	*index_out = index;
}

enum verdict { UNKNOWN, MATCHES, DIFFERS };

struct matcher {
	struct source_listing *listing;
	uint8_t *verdicts; // of each string
	bool has_address;
	uint64_t address;
};

static bool string_matches(struct matcher *m, strid s)
{
	if (m->verdicts[s] == UNKNOWN)
		m->verdicts[s] = regex_match(m->listing->report->options.symbol,
				profile_str(m->listing->report->profile, s)) ? MATCHES : DIFFERS;
	return m->verdicts[s] == MATCHES;
}

static void want(struct source_listing *l, const struct line *line, struct sampled_address *at)
{
	if (line->function == NO_INDEX)
		return;
	const struct function *f = &l->report->profile->functions[line->function];
	l->interesting[f->name] = l->interesting[f->system_name] = true;
	at->wanted = true;
}

static void match_location(struct matcher *m, uint32_t location, struct sampled_address *at)
{
	struct source_listing *l = m->listing;
	const struct profile *p = l->report->profile;
	const struct location *loc = &p->locations[location];
	const struct line *lines = p->lines + loc->line_begin;
	if (!l->report->options.symbol || (m->has_address && at->address == m->address)) {
		if (loc->nlines) // the function that is really there, whatever was inlined
			want(l, &lines[loc->nlines - 1], at);
		return;
	}
	bool in_binary = loc->mapping != NO_INDEX && string_matches(m, p->mappings[loc->mapping].file);
	for (uint32_t i = 0; i < loc->nlines; i++) {
		const struct function *f = lines[i].function == NO_INDEX ? NULL
				: &p->functions[lines[i].function];
		if ((i == 0 && in_binary) || (f && (string_matches(m, f->name) ||
				string_matches(m, f->system_name) || string_matches(m, f->filename))))
			want(l, &lines[i], at);
	}
}

static void learn_names(struct source_listing *l, uint32_t location)
{
	const struct profile *p = l->report->profile;
	const struct location *loc = &p->locations[location];
	for (uint32_t i = 0; i < loc->nlines; i++) {
		const struct line *line = &p->lines[loc->line_begin + i];
		if (line->function != NO_INDEX)
			l->pretty_name[p->functions[line->function].system_name] =
					p->functions[line->function].name;
	}
}

bool source_samples_collect(struct source_listing *l)
{
	const struct profile *p = l->report->profile;
	const struct report_options *o = &l->report->options;
	struct matcher m = {.listing = l, .verdicts = arena_array(l->arena, uint8_t, p->nstrings)};
	m.has_address = report_symbol_address(l->report, &m.address);
	l->nstrings = p->nstrings;
	l->interesting = arena_array(l->arena, bool, p->nstrings);
	l->pretty_name = arena_array(l->arena, strid, p->nstrings);
	uint32_t *index;
	index_addresses(l, &index);
	bool *seen = arena_array(l->arena, bool, p->nlocations);

	for (uint32_t i = 0; i < p->nsamples; i++) {
		const int64_t *values = profile_values(p, i);
		int64_t value = mean_value(values[o->value_index], o->mean ? values[0] : 0);
		struct stack stack = profile_stack(p, i);
		for (uint32_t k = 0; k < stack.n; k++) {
			uint32_t location = stack_loc(stack, k);
			struct sampled_address *at = &l->sampled[index[location]];
			at->cum = wrap_add(at->cum, value);
			if (k == 0)
				at->flat = wrap_add(at->flat, value);
			if (seen[location])
				continue;
			seen[location] = true;
			learn_names(l, location);
			match_location(&m, location, at);
		}
	}
	for (uint32_t i = 0; i < l->nstrings; i++)
		if (l->interesting[i])
			return true;
	return false;
}

void source_samples_sum(const struct source_listing *l, uint64_t address, uint64_t length,
		int64_t *flat_out, int64_t *cum_out)
{
	uint32_t lo = 0, hi = l->nsampled;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (l->sampled[mid].address < address)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < l->nsampled && l->sampled[lo].address - address < length; lo++) {
		*flat_out = wrap_add(*flat_out, l->sampled[lo].flat);
		*cum_out = wrap_add(*cum_out, l->sampled[lo].cum);
	}
}
