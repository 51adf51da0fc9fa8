// SPDX-License-Identifier: MIT
// Context: CTL. See trace_tables.h.
#include "trace_tables.h"

#include <errno.h>
#include <string.h>

#include "format/tracewrite.h"
#include "sigsafe/modmap.h"
#include "symbol/marker.h"
#include "trace_dump_hook.h"
#include "write/grow.h"
#include "write/locations.h"

static struct cp_locations locations;
static struct cp_arena arena; // of cp_trace_made's list
static struct cp_trace_made *last = &cp_trace_made;
static uint32_t mappings_end, stacks_end = 1;

/// A batch of chunks

struct batch {
	struct profwrite_sink out; // chunks that are whole
	struct profwrite_sink payload; // of the one that grows
};

static void put_numbers(struct batch *b, const uint64_t *numbers, size_t n)
{
	struct profwrite_sink *p = &b->payload;
	if (p->failed || (p->cap - p->len < n * PB_MAX_VARINT_BYTES &&
					    !cp_grow_sink(p, n * PB_MAX_VARINT_BYTES))) {
		p->failed = true;
		return;
	}
	p->len = (size_t)(trace_put_numbers(p->ptr + p->len, numbers, n) - p->ptr);
}

static void end_chunk(struct batch *b, enum trace_chunk_kind kind)
{
	size_t nbytes = b->payload.len;
	const struct trace_chunk chunk = {.kind = kind};
	if (nbytes == 0)
		return;
	if (b->payload.failed || !cp_grow_sink(&b->out, TRACE_CHUNK_HEADER_BYTES + nbytes)) {
		b->out.failed = true;
		return;
	}
	uint8_t *at = trace_put_chunk_header(b->out.ptr + b->out.len, &chunk, nbytes);
	memcpy(at, b->payload.ptr, nbytes);
	b->out.len += TRACE_CHUNK_HEADER_BYTES + nbytes;
	b->payload.len = 0;
}

static int publish(struct batch *b)
{
	struct cp_trace_made *made = NULL;
	if (!b->out.failed)
		made = cp_arena_alloc(&arena, sizeof(*made) + b->out.len);
	if (!made)
		return -ENOMEM;
	made->nbytes = b->out.len;
	made->stacks_end = stacks_end;
	memcpy(made->bytes, b->out.ptr, b->out.len);
	store(&last->next, made, release);
	last = made;
	return 0;
}

/// What is in it

static uint64_t hex_string(const uint8_t *bytes, size_t nbytes)
{
	char hex[2 * CP_BUILD_ID_MAX_BYTES + 1];
	for (size_t i = 0; i < nbytes; i++) {
		hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	hex[2 * nbytes] = '\0';
	return nbytes ? cp_trace_string(hex) : 0;
}

static void put_mappings(struct batch *b)
{
	for (; mappings_end < cp_modmap_count(); mappings_end++) {
		const struct cp_module *m = cp_modmap_module(mappings_end);
		const uint64_t mapping[] = {m->id + 1, m->start, m->end, m->file_offset,
				cp_trace_string(m->path), hex_string(m->build_id, m->build_id_bytes)};
		put_numbers(b, mapping, 6);
	}
	end_chunk(b, TRACE_CHUNK_MAPPINGS);
}

static void put_stacks(struct batch *b, uint32_t end)
{
	for (uint32_t id = stacks_end; id < end; id++) {
		const struct cp_interned_entry *e = cp_interned_at(&cp_trace_shared.stacks, id);
		if (!e)
			end = id; // a thread is at it: the next time
		if (!e || e->id != id)
			continue;
		const uintptr_t *pcs = (const uintptr_t *)(const void *)e->bytes;
		size_t npcs = e->nbytes / sizeof(*pcs);
		uint64_t numbers[CP_TRACE_STACK_NUMBERS];
		put_numbers(b, numbers, cp_trace_stack_begin(e, numbers));
		for (size_t i = 0; i < npcs; i++) {
			uint64_t location = cp_locations_intern(&locations, pcs[i], i == 0, cp_trace_stack_epoch(e));
			b->payload.failed |= location == 0;
			put_numbers(b, &location, 1);
		}
	}
	stacks_end = end;
	end_chunk(b, TRACE_CHUNK_STACKS);
}

static void on_found(void *arg, struct cp_symbol_query *query, const char *name, size_t len)
{
	query->result = cp_trace_string(name);
}

/** The locations of one module, or of none. */
static bool put_group(void *arg, uint64_t space, const struct cp_module *m, struct cp_symbol_query *queries,
		size_t nqueries)
{
	struct batch *b = arg;
	cp_locations_symbolize(&locations, space, m, queries, nqueries, on_found, NULL);
	for (size_t i = 0; i < nqueries; i++) {
		uint64_t address = locations.ids.keys[queries[i].id - 1].value;
		if (space == (uint64_t)CP_SPACE_MARKER) {
			queries[i].result = cp_trace_string(cp_marker_name((enum cp_marker)address));
			address = 0;
		}
		const uint64_t location[] = {queries[i].id, m ? m->id + 1 : 0, address, queries[i].result};
		put_numbers(b, location, 4);
	}
	return !b->payload.failed;
}

int cp_trace_tables_update(void)
{
	struct batch b = {0};
	put_mappings(&b);
	put_stacks(&b, cp_interned_end(&cp_trace_shared.stacks));
	if (!cp_locations_group(&locations, put_group, &b))
		b.out.failed = true;
	end_chunk(&b, TRACE_CHUNK_LOCATIONS);
	int ret = b.out.len || b.out.failed ? publish(&b) : 0;
	cp_grow_sink_free(&b.out);
	cp_grow_sink_free(&b.payload);
	return ret;
}

void cp_trace_tables_reset(void)
{
	store(&cp_trace_made.next, NULL, relaxed);
	last = &cp_trace_made;
	cp_arena_reset(&arena);
	cp_locations_free(&locations);
	locations = (struct cp_locations){0};
	mappings_end = 0;
	stacks_end = 1;
}
