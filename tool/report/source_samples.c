// SPDX-License-Identifier: MIT
// Which functions and addresses a source listing is about. See source_listing.h.
#include <stdlib.h>

#include "tool/graph/place_sums.h"
#include "tool/report/source_listing.h"
#include "tool/report/source_symbols.h"

struct by_address {
	uint64_t address;
	uint32_t place;
};

static int by_order(const void *x, const void *y)
{
	const struct place_sum *a = x, *b = y;
	return (a->order > b->order) - (a->order < b->order);
}

static int by_address(const void *x, const void *y)
{
	const struct by_address *a = x, *b = y;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

// One entry a distinct address; returns for each place which. A place without an address is given one above all
// mappings when a sample first has it, which another may have, too, if it is in none of them.
static const uint32_t *index_addresses(struct source_listing *l, const struct place_sum *places, uint32_t n)
{
	const struct profile *p = l->report->profile;
	struct by_address *all = arena_array(l->arena, struct by_address, n);
	uint32_t *index = arena_array(l->arena, uint32_t, n);
	uint64_t invented = 1;
	for (uint32_t i = 0; i < p->nmappings; i++)
		if (p->mappings[i].limit > invented)
			invented = p->mappings[i].limit;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t address = p->locations[places[i].location].address;
		all[i] = (struct by_address){address ? address : invented++, i};
	}
	if (n)
		qsort(all, n, sizeof *all, by_address);
	l->sampled = arena_array(l->arena, struct sampled_address, n);
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || all[i].address != all[i - 1].address)
			l->sampled[l->nsampled++] = (struct sampled_address){.address = all[i].address};
		index[all[i].place] = l->nsampled - 1;
	}
	return index;
}

enum verdict { UNKNOWN, MATCHES, DIFFERS };

struct matcher {
	struct source_listing *listing;
	uint8_t *strings;   // [nstrings]: verdicts
	uint8_t *functions; // [nfunctions]: verdicts
	bool has_address;
	uint64_t address;
};

static bool string_matches(struct matcher *m, strid s)
{
	if (m->strings[s] == UNKNOWN)
		m->strings[s] = regex_match(m->listing->report->options.symbol,
				profile_str(m->listing->report->profile, s)) ? MATCHES : DIFFERS;
	return m->strings[s] == MATCHES;
}

static bool function_matches(struct matcher *m, uint32_t function)
{
	if (function == NO_INDEX)
		return false;
	if (m->functions[function] == UNKNOWN) {
		const struct function *f = &m->listing->report->profile->functions[function];
		m->functions[function] = string_matches(m, f->name) || string_matches(m, f->system_name) ||
				string_matches(m, f->filename) ? MATCHES : DIFFERS;
	}
	return m->functions[function] == MATCHES;
}

// Of several locations at one address the first that is asked for tells what is there.
static void want(struct source_listing *l, const struct line *line, uint32_t location, struct sampled_address *at)
{
	if (line->function == NO_INDEX)
		return;
	if (!at->wanted)
		at->location = location;
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
			want(l, &lines[loc->nlines - 1], location, at);
		return;
	}
	bool in_binary = loc->mapping != NO_INDEX && string_matches(m, p->mappings[loc->mapping].file);
	for (uint32_t i = 0; i < loc->nlines; i++)
		if ((i == 0 && in_binary) || function_matches(m, lines[i].function))
			want(l, &lines[i], location, at);
}

// Of several functions with one system name the place that appears last decides; `orders` ([nstrings]) tells when.
static void learn_names(struct source_listing *l, const struct place_sum *place, uint32_t *orders)
{
	const struct profile *p = l->report->profile;
	const struct location *loc = &p->locations[place->location];
	for (uint32_t i = 0; i < loc->nlines; i++) {
		const struct line *line = &p->lines[loc->line_begin + i];
		const struct function *f = line->function == NO_INDEX ? NULL : &p->functions[line->function];
		if (!f || place->order < orders[f->system_name])
			continue;
		orders[f->system_name] = place->order;
		l->pretty_name[f->system_name] = f->name;
	}
}

bool source_samples_collect(struct source_listing *l)
{
	struct profile *p = l->report->profile;
	const struct report_options *o = &l->report->options;
	struct matcher m = {.listing = l, .strings = arena_array(l->arena, uint8_t, p->nstrings),
			.functions = arena_array(l->arena, uint8_t, p->nfunctions)};
	m.has_address = report_symbol_address(l->report, &m.address);
	l->nstrings = p->nstrings;
	l->interesting = arena_array(l->arena, bool, p->nstrings);
	l->pretty_name = arena_array(l->arena, strid, p->nstrings);
	uint32_t n, *orders = arena_array(l->arena, uint32_t, p->nstrings);
	struct place_sum *places = graph_sum_places(p, o->value_index, o->mean, l->arena, &n);
	if (n)
		qsort(places, n, sizeof *places, by_order);
	const uint32_t *index = index_addresses(l, places, n);
	for (uint32_t i = 0; i < n; i++) {
		struct sampled_address *at = &l->sampled[index[i]];
		at->cum = wrap_add(at->cum, places[i].cum);
		at->flat = wrap_add(at->flat, places[i].flat);
		learn_names(l, &places[i], orders);
		match_location(&m, places[i].location, at);
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
