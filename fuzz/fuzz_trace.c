// SPDX-License-Identifier: MIT
// Execution traces come from anywhere: any bytes, read as tool/trace reads them. The input lies in memory of
// its own size, so a read behind it is seen; times never go back in a chunk.
#include <stdlib.h>
#include <string.h>

#include "format/tracefmt.h"
#include "format/tracewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

/** Texts are to be readable to their last byte. */
static void touch(const char *text, size_t nbytes)
{
	for (size_t i = 0; i < nbytes; i++)
		sink += (uint8_t)text[i];
}

static void read_events(struct trace_chunk *c)
{
	struct trace_event event;
	uint64_t last_ns = c->base_ns;
	bool is_sane = c->base_ns + c->span_ns >= c->base_ns;
	while (trace_next_event(c, &event)) {
		if (event.kind == 0 || event.kind >= TRACE_EVENT_KINDS || (is_sane && event.time_ns < last_ns))
			abort();
		last_ns = event.time_ns;
		touch(event.text, event.text_bytes);
	}
}

static void read_stacks(struct trace_chunk *c)
{
	struct trace_stack stack;
	while (trace_next_stack(c, &stack)) {
		uint64_t nlocations = 0, nlabels = 0, location, key, value;
		while (trace_next_stack_location(&stack, &location))
			nlocations++;
		while (trace_next_stack_label(&stack, &key, &value))
			nlabels++;
		if (nlocations != stack.nlocations || nlabels != stack.nlabels)
			abort();
	}
}

static void read_chunk(struct trace_chunk *c)
{
	struct trace_string string;
	struct trace_location location;
	struct trace_mapping mapping;
	struct trace_process process;
	struct trace_end end;
	read_events(c);
	read_stacks(c);
	while (trace_next_string(c, &string))
		touch(string.text, string.text_bytes);
	while (trace_next_location(c, &location))
		sink += location.address;
	while (trace_next_mapping(c, &mapping))
		sink += mapping.start;
	sink += trace_get_process(c, &process) + trace_get_end(c, &end);
	if (c->payload.at > c->payload.end)
		abort();
}

static void read_trace(const uint8_t *bytes, size_t size)
{
	struct trace_reader reader;
	struct trace_chunk chunk;
	if (!trace_open(&reader, bytes, size))
		return;
	while (trace_next_chunk(&reader, &chunk))
		read_chunk(&chunk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file = malloc(TRACE_HEADER_BYTES + TRACE_CHUNK_HEADER_BYTES + size);
	memcpy(file, data, size);
	read_trace(file, size);
	// And as the payload of a chunk of each kind, which the fuzzer would find hard to frame.
	for (unsigned kind = TRACE_CHUNK_EVENTS; kind <= TRACE_CHUNK_END; kind++) {
		const struct trace_chunk chunk = {
			.kind = (enum trace_chunk_kind)kind, .span_ns = 1000, .span_ticks = 3000};
		uint8_t *at = trace_put_chunk_header(trace_put_header(file), &chunk, size);
		memcpy(at, data, size);
		read_trace(file, (size_t)(at - file) + size);
	}
	free(file);
	return 0;
}
