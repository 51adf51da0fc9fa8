// SPDX-License-Identifier: MIT
// Reading the tables (see load_tables.h).
#include "load_tables.h"

#include <stdlib.h>

#include "base/mem.h"
#include "timeline_build.h"

enum { MAX_DEPTH = 4096, MAX_LABELS = 32 };

void load_tables_init(struct load_tables *lt, struct timeline *t)
{
	*lt = (struct load_tables){.timeline = t};
	struct idmap *maps[] = {&lt->strings, &lt->mappings, &lt->locations, &lt->stacks, &lt->addresses,
			&lt->functions};
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		idmap_init(maps[i], 0);
}

void load_tables_deinit(struct load_tables *lt)
{
	idmap_deinit(&lt->strings);
	idmap_deinit(&lt->mappings);
	idmap_deinit(&lt->locations);
	idmap_deinit(&lt->stacks);
	idmap_deinit(&lt->addresses);
	idmap_deinit(&lt->functions);
}

strid load_string(const struct load_tables *lt, uint64_t id)
{
	uint32_t string = idmap_get(&lt->strings, id);
	return string == IDMAP_NONE ? 0 : string;
}

uint32_t load_stack(const struct load_tables *lt, uint64_t id)
{
	uint32_t stack = idmap_get(&lt->stacks, id);
	return stack == IDMAP_NONE ? 0 : stack;
}

static void read_strings(struct load_tables *lt, struct trace_chunk *c)
{
	struct trace_string s;
	while (trace_next_string(c, &s))
		idmap_set(&lt->strings, s.id,
				profile_intern(lt->timeline->symbols, (struct str){s.text, s.text_bytes}));
}

static void read_mappings(struct load_tables *lt, struct trace_chunk *c)
{
	struct profile *p = lt->timeline->symbols;
	struct trace_mapping m;
	while (trace_next_mapping(c, &m)) {
		struct mapping new = {
				.id = p->nmappings + 1,
				.start = m.start,
				.limit = m.limit,
				.offset = m.file_offset,
				.file = load_string(lt, m.path),
				.build_id = load_string(lt, m.build_id),
		};
		idmap_set(&lt->mappings, m.id, profile_add_mapping(p, new));
	}
}

static uint32_t function_of(struct load_tables *lt, strid name)
{
	struct profile *p = lt->timeline->symbols;
	uint32_t f = idmap_get(&lt->functions, name);
	if (f == IDMAP_NONE) {
		struct function new = {.id = p->nfunctions + 1, .name = name, .system_name = name};
		f = profile_add_function(p, new);
		idmap_set(&lt->functions, name, f);
	}
	return f;
}

static uint32_t add_location(struct load_tables *lt, uint32_t mapping, uint64_t address, strid function)
{
	struct profile *p = lt->timeline->symbols;
	struct location new = {.id = p->nlocations + 1, .mapping = mapping, .address = address};
	struct line line = {.function = function ? function_of(lt, function) : NO_INDEX};
	return profile_add_location(p, new, &line, function ? 1 : 0);
}

static void read_locations(struct load_tables *lt, struct trace_chunk *c)
{
	struct trace_location l;
	while (trace_next_location(c, &l)) {
		uint32_t mapping = idmap_get(&lt->mappings, l.mapping); // IDMAP_NONE is NO_INDEX
		idmap_set(&lt->locations, l.id,
				add_location(lt, mapping, l.address, load_string(lt, l.function)));
	}
}

static uint32_t mapping_of(const struct profile *p, uint64_t address)
{
	for (uint32_t i = 0; i < p->nmappings; i++) {
		if (address >= p->mappings[i].start && address < p->mappings[i].limit)
			return i;
	}
	return NO_INDEX;
}

static uint32_t location_of(struct load_tables *lt, uint64_t id)
{
	if (!(id & TRACE_RAW_ADDRESS))
		return idmap_get(&lt->locations, id);
	uint64_t address = id & ~TRACE_RAW_ADDRESS;
	uint32_t l = idmap_get(&lt->addresses, address);
	if (l == IDMAP_NONE) {
		l = add_location(lt, mapping_of(lt->timeline->symbols, address), address, 0);
		idmap_set(&lt->addresses, address, l);
	}
	return l;
}

static uint32_t read_labels(struct load_tables *lt, struct trace_stack *s)
{
	struct label labels[MAX_LABELS];
	uint64_t key, value;
	uint32_t n = 0;
	while (n < MAX_LABELS && trace_next_stack_label(s, &key, &value))
		labels[n++] = (struct label){.key = load_string(lt, key), .str = load_string(lt, value)};
	return profile_intern_labels(lt->timeline->symbols, labels, n);
}

static void read_stacks(struct load_tables *lt, struct trace_chunk *c)
{
	struct trace_stack s;
	uint32_t *locations = mem_resize(NULL, MAX_DEPTH, sizeof(*locations));
	while (trace_next_stack(c, &s)) {
		uint64_t id;
		uint32_t n = 0;
		while (n < MAX_DEPTH && trace_next_stack_location(&s, &id)) {
			uint32_t l = location_of(lt, id);
			if (l != IDMAP_NONE)
				locations[n++] = l;
		}
		idmap_set(&lt->stacks, s.id, timeline_add_stack(lt->timeline, locations, n, read_labels(lt, &s)));
	}
	free(locations);
}

void load_tables_read(struct load_tables *lt, const struct trace_chunk *chunks, uint32_t nchunks)
{
	static const struct {
		enum trace_chunk_kind kind;
		void (*read)(struct load_tables *, struct trace_chunk *);
	} tables[] = {
			{TRACE_CHUNK_STRINGS, read_strings},
			{TRACE_CHUNK_MAPPINGS, read_mappings},
			{TRACE_CHUNK_LOCATIONS, read_locations},
			{TRACE_CHUNK_STACKS, read_stacks},
	};
	for (size_t k = 0; k < sizeof(tables) / sizeof(tables[0]); k++) {
		for (uint32_t i = 0; i < nchunks; i++) {
			struct trace_chunk c = chunks[i];
			if (c.kind == tables[k].kind)
				tables[k].read(lt, &c);
		}
	}
}
