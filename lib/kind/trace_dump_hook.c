// SPDX-License-Identifier: MIT
// Context: SIG. See trace_dump_hook.h.
#include "trace_dump_hook.h"

#include <errno.h>

#include "format/tracewrite.h"
#include "sigsafe/clock.h"
#include "sigsafe/labels.h"
#include "sigsafe/sys.h"

struct cp_trace_made cp_trace_made;

/// Bytes

static void hand_over(struct cp_trace_sink *s, const uint8_t *bytes, size_t nbytes)
{
	if (s->error == 0)
		s->error = s->write(s->arg, bytes, nbytes);
	if (s->error > 0) // of a writer that returns how much it took, as write(2) does
		s->error = -EIO;
}

int cp_trace_sink_flush(struct cp_trace_sink *s)
{
	if (s->used_bytes)
		hand_over(s, s->bytes, s->used_bytes);
	s->used_bytes = 0;
	return s->error;
}

static void put(struct cp_trace_sink *s, const uint8_t *bytes, size_t nbytes)
{
	if (nbytes > CP_TRACE_SINK_BYTES - s->used_bytes)
		cp_trace_sink_flush(s);
	if (nbytes > CP_TRACE_SINK_BYTES) {
		hand_over(s, bytes, nbytes);
		return;
	}
	for (size_t i = 0; i < nbytes; i++)
		s->bytes[s->used_bytes++] = bytes[i];
}

static void put_chunk(struct cp_trace_sink *s, const struct trace_chunk *chunk, const uint8_t *payload,
		size_t nbytes)
{
	uint8_t header[TRACE_CHUNK_HEADER_BYTES];
	// Header and payload by one write, where they can be: a file that is cut is cut between chunks.
	if (nbytes + sizeof(header) > CP_TRACE_SINK_BYTES - s->used_bytes)
		cp_trace_sink_flush(s);
	trace_put_chunk_header(header, chunk, nbytes);
	put(s, header, sizeof(header));
	put(s, payload, nbytes);
}

static void put_numbers(struct cp_trace_sink *s, enum trace_chunk_kind kind, const uint64_t *numbers, size_t n)
{
	const struct trace_chunk chunk = {.kind = kind, .base_ns = s->now.ns};
	uint8_t *end = trace_put_numbers(s->payload, numbers, n);
	put_chunk(s, &chunk, s->payload, (size_t)(end - s->payload));
}

/** What was gathered in s->payload up to `end`, as a chunk; returns where to go on. */
static uint8_t *put_gathered(struct cp_trace_sink *s, enum trace_chunk_kind kind, const uint8_t *end)
{
	const struct trace_chunk chunk = {.kind = kind};
	if (end > s->payload)
		put_chunk(s, &chunk, s->payload, (size_t)(end - s->payload));
	return s->payload;
}

/// Tables

enum { MAX_STRING_BYTES = 2 * PB_MAX_VARINT_BYTES + CP_TRACE_MAX_TEXT_BYTES };

static void put_strings(struct cp_trace_sink *s, uint32_t end)
{
	uint8_t *at = s->payload;
	for (uint32_t id = s->strings_end; id < end; id++) {
		const struct cp_interned_entry *e = cp_interned_at(&cp_trace_shared.strings, id);
		if (!e)
			end = id; // a thread is at it: the next time
		if (!e || e->id != id)
			continue;
		if (at + MAX_STRING_BYTES > s->payload + CP_TRACE_PAYLOAD_BYTES)
			at = put_gathered(s, TRACE_CHUNK_STRINGS, at);
		at = pb_put_varint(at, id);
		at = trace_put_text(at, (const char *)e->bytes, e->nbytes);
	}
	put_gathered(s, TRACE_CHUNK_STRINGS, at);
	s->strings_end = end;
}

size_t cp_trace_stack_begin(const struct cp_interned_entry *e, uint64_t *numbers_out)
{
	const struct cprof_labels *labels = cp_labels_of_id(cp_trace_stack_labels(e));
	uint32_t nlabels = labels ? labels->count : 0;
	size_t n = 0;
	numbers_out[n++] = e->id;
	numbers_out[n++] = nlabels;
	for (uint32_t i = 0; i < nlabels; i++) {
		numbers_out[n++] = cp_trace_string(labels->pairs[i].key);
		numbers_out[n++] = cp_trace_string(labels->pairs[i].value);
	}
	numbers_out[n++] = e->nbytes / sizeof(uintptr_t);
	return n;
}

static uint8_t *put_raw_stack(uint8_t *at, const struct cp_interned_entry *e)
{
	const uintptr_t *pcs = (const uintptr_t *)(const void *)e->bytes;
	size_t npcs = e->nbytes / sizeof(*pcs);
	uint64_t numbers[CP_TRACE_STACK_NUMBERS];
	at = trace_put_numbers(at, numbers, cp_trace_stack_begin(e, numbers));
	for (size_t i = 0; i < npcs; i++) {
		bool is_return = i > 0 && pcs[i] >= CP_MARKER_LIMIT;
		at = pb_put_varint(at, TRACE_RAW_ADDRESS | (pcs[i] - is_return));
	}
	return at;
}

/** As addresses, until somebody has looked for their names. */
static void put_raw_stacks(struct cp_trace_sink *s, uint32_t end)
{
	uint8_t *at = s->payload;
	for (uint32_t id = s->stacks_end; id < end; id++) {
		const struct cp_interned_entry *e = cp_interned_at(&cp_trace_shared.stacks, id);
		if (!e)
			end = id;
		if (!e || e->id != id)
			continue;
		size_t max_bytes = (CP_TRACE_STACK_NUMBERS + e->nbytes / sizeof(uintptr_t)) * PB_MAX_VARINT_BYTES;
		if (at + max_bytes > s->payload + CP_TRACE_PAYLOAD_BYTES)
			at = put_gathered(s, TRACE_CHUNK_STACKS, at);
		at = put_raw_stack(at, e);
	}
	put_gathered(s, TRACE_CHUNK_STACKS, at);
	s->stacks_end = end;
}

void cp_trace_put_tables(struct cp_trace_sink *s)
{
	const struct cp_trace_made *made;
	while ((made = load(&s->made->next, acquire))) {
		put(s, made->bytes, made->nbytes);
		s->made = made;
	}
	if (s->stacks_end < s->made->stacks_end)
		s->stacks_end = s->made->stacks_end;
	put_raw_stacks(s, cp_interned_end(&cp_trace_shared.stacks));
	put_strings(s, cp_interned_end(&cp_trace_shared.strings));
}

/// Events

void cp_trace_put_view(struct cp_trace_sink *s)
{
	const struct cp_trace_view *v = &s->view;
	uint64_t base_ns = cp_trace_clock_ns(v->base_ticks, s->now);
	const struct trace_chunk chunk = {
		.kind = TRACE_CHUNK_EVENTS,
		.tid = v->tid,
		.base_ns = base_ns,
		.span_ns = cp_trace_clock_ns(v->base_ticks + v->span_ticks, s->now) - base_ns,
		.span_ticks = v->span_ticks,
	};
	put_chunk(s, &chunk, v->bytes, v->nbytes);
}

void cp_trace_put_buffers(struct cp_trace_sink *s, uint64_t since_ns)
{
	for (uint32_t i = 0; i < cp_trace_pool_count(); i++) {
		if (cp_trace_pool_view(i, &s->view) &&
				cp_trace_clock_ns(s->view.base_ticks + s->view.span_ticks, s->now) >= since_ns)
			cp_trace_put_view(s);
	}
}

/// The whole

void cp_trace_sink_begin(struct cp_trace_sink *s, int (*write)(void *arg, const void *data, size_t nbytes),
		void *arg)
{
	s->write = write;
	s->arg = arg;
	s->error = 0;
	s->now = cp_trace_clock_read();
	s->strings_end = s->stacks_end = 1;
	s->made = &cp_trace_made;
	trace_put_header(s->bytes);
	s->used_bytes = TRACE_HEADER_BYTES;
	const uint64_t process[] = {(uint64_t)cp_trace_shared.pid, cp_clock_ns(CP_CLOCK_REALTIME),
			cp_trace_shared.ncpus, cp_trace_shared.program};
	put_numbers(s, TRACE_CHUNK_PROCESS, process, 4);
}

void cp_trace_put_end(struct cp_trace_sink *s, int signal)
{
	const uint64_t end[] = {(uint64_t)signal, load(&cp_trace_shared.lost_events, relaxed),
			load(&cp_trace_shared.lost_samples, relaxed),
			load(&cp_trace_shared.stacks.refused, relaxed)};
	put_numbers(s, TRACE_CHUNK_END, end, 4);
}
