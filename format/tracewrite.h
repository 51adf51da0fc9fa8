// SPDX-License-Identifier: MIT
// Writes the parts of an execution trace, tracefmt.h's form, into caller's memory. Pure. Inline: a region's two
// events are to cost the program next to nothing.
#ifndef CPROF_FORMAT_TRACEWRITE_H
#define CPROF_FORMAT_TRACEWRITE_H

#include "tracefmt.h"

enum {
	TRACE_CHUNK_MAGIC = 0x6b6e6863, // "chnk"
	TRACE_EVENT_MAX_BYTES = 1 + (1 + TRACE_MAX_ARGS) * PB_MAX_VARINT_BYTES, // without its text
};

static inline uint8_t *trace_put_fixed(uint8_t *at, uint64_t value, unsigned nbytes)
{
	for (unsigned i = 0; i < nbytes; i++)
		*at++ = (uint8_t)(value >> 8 * i);
	return at;
}

/** Room for TRACE_HEADER_BYTES; returns the end, as all of these do. */
static inline uint8_t *trace_put_header(uint8_t *at)
{
	memcpy(at, "cproftrc", 8);
	return trace_put_fixed(at + 8, TRACE_VERSION, 8);
}

/** Room for TRACE_CHUNK_HEADER_BYTES. c: all but its payload, which has nbytes. */
static inline uint8_t *trace_put_chunk_header(uint8_t *at, const struct trace_chunk *c, size_t nbytes)
{
	at = trace_put_fixed(at, TRACE_CHUNK_MAGIC, 4);
	at = trace_put_fixed(at, c->kind, 4);
	at = trace_put_fixed(at, nbytes, 4);
	at = trace_put_fixed(at, c->tid, 4);
	at = trace_put_fixed(at, c->base_ns, 8);
	at = trace_put_fixed(at, c->span_ns, 8);
	return trace_put_fixed(at, c->span_ticks, 8);
}

/** Numbers one after the other, as in all records. */
static inline uint8_t *trace_put_numbers(uint8_t *at, const uint64_t *numbers, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at = pb_put_varint(at, numbers[i]);
	return at;
}

/** Room for TRACE_EVENT_MAX_BYTES. ticks: since the event before. */
static inline uint8_t *trace_put_event(uint8_t *at, enum trace_event_kind kind, uint64_t ticks,
		const uint64_t *args, size_t nargs)
{
	*at++ = (uint8_t)kind;
	at = pb_put_varint(at, ticks);
	return trace_put_numbers(at, args, nargs);
}

/** An event's text, or a string's. Room for PB_MAX_VARINT_BYTES + nbytes. */
static inline uint8_t *trace_put_text(uint8_t *at, const char *text, size_t nbytes)
{
	at = pb_put_varint(at, nbytes);
	// Not memcpy: this runs in signal handlers of programs where memcpy may be a sanitizer's.
	for (size_t i = 0; i < nbytes; i++)
		*at++ = (uint8_t)text[i];
	return at;
}

#endif
