// SPDX-License-Identifier: MIT
// The execution trace's form: what is written is read back, whatever the file's end, and damage is told.
#include <stdlib.h>
#include <string.h>

#include "format/tracefmt.h"
#include "format/tracewrite.h"
#include "unit.h"

enum { FILE_BYTES = 4096, TEXT_BYTES = 5, TICK_STEP = 10, NS_A_TICK = 3, BASE_NS = 1000000 };

static uint8_t file[FILE_BYTES];

/** A chunk around what lies between payload and end already; returns the chunk's end. */
static uint8_t *close_chunk(uint8_t *at, enum trace_chunk_kind kind, uint64_t span_ticks, const uint8_t *end)
{
	const struct trace_chunk chunk = {
		.kind = kind,
		.tid = 77,
		.base_ns = BASE_NS,
		.span_ns = NS_A_TICK * span_ticks,
		.span_ticks = span_ticks,
	};
	size_t nbytes = (size_t)(end - at) - TRACE_CHUNK_HEADER_BYTES;
	return trace_put_chunk_header(at, &chunk, nbytes) + nbytes;
}

/** The argument i of an event: small, large and with all bits set, all told apart. */
static uint64_t arg_of(unsigned kind, int i)
{
	static const uint64_t base[TRACE_MAX_ARGS] = {1, 300, 1ull << 40, UINT64_MAX - 100};
	return base[i] + kind;
}

/** One event of each kind, TICK_STEP ticks apart. */
static uint8_t *put_all_events(uint8_t *at)
{
	uint8_t *start = at, *p = at + TRACE_CHUNK_HEADER_BYTES;
	for (unsigned kind = 1; kind < TRACE_EVENT_KINDS; kind++) {
		uint64_t args[TRACE_MAX_ARGS];
		int n = trace_event_nargs(kind);
		for (int i = 0; i < n; i++)
			args[i] = arg_of(kind, i);
		p = trace_put_event(p, (enum trace_event_kind)kind, TICK_STEP, args, (size_t)n);
		if (trace_event_has_text(kind))
			p = trace_put_text(p, "hello", TEXT_BYTES);
	}
	return close_chunk(start, TRACE_CHUNK_EVENTS, TICK_STEP * (TRACE_EVENT_KINDS - 1), p);
}

static uint8_t *put_numbers_chunk(uint8_t *at, enum trace_chunk_kind kind, const uint64_t *numbers, size_t n)
{
	return close_chunk(at, kind, 0, trace_put_numbers(at + TRACE_CHUNK_HEADER_BYTES, numbers, n));
}

static uint8_t *put_strings(uint8_t *at)
{
	uint8_t *p = at + TRACE_CHUNK_HEADER_BYTES;
	p = trace_put_text(pb_put_varint(p, 1), "one", 3);
	p = trace_put_text(pb_put_varint(p, 2), "", 0);
	return close_chunk(at, TRACE_CHUNK_STRINGS, 0, p);
}

static struct trace_chunk first_chunk(const uint8_t *end, struct trace_reader *reader)
{
	struct trace_chunk chunk;
	ck_assert(trace_open(reader, file, (size_t)(end - file)));
	ck_assert(trace_next_chunk(reader, &chunk));
	return chunk;
}

START_TEST(all_events_come_back)
{
	struct trace_reader reader;
	struct trace_event event;
	struct trace_chunk chunk = first_chunk(put_all_events(trace_put_header(file)), &reader);
	for (unsigned kind = 1; kind < TRACE_EVENT_KINDS; kind++) {
		ck_assert(trace_next_event(&chunk, &event));
		ck_assert_uint_eq(event.kind, kind);
		ck_assert_uint_eq(event.tid, 77);
		ck_assert_uint_eq(event.time_ns, BASE_NS + NS_A_TICK * TICK_STEP * kind);
		for (int i = 0; i < trace_event_nargs(kind); i++)
			ck_assert_uint_eq(event.args[i], arg_of(kind, i));
		ck_assert_uint_eq(event.text_bytes, trace_event_has_text(kind) ? TEXT_BYTES : 0);
		if (event.text_bytes)
			ck_assert_mem_eq(event.text, "hello", TEXT_BYTES);
	}
	ck_assert(!trace_next_event(&chunk, &event) && !chunk.is_damaged);
	ck_assert(!trace_next_chunk(&reader, &chunk) && !reader.is_cut);
}
END_TEST

START_TEST(arguments_have_their_names)
{
	const struct trace_event event = {.args = {1, 2, 3, 4}};
	ck_assert_uint_eq(event.wait_begin.wait, 1);
	ck_assert_uint_eq(event.wait_begin.object, 2);
	ck_assert_uint_eq(event.wait_begin.stack, 3);
	ck_assert_int_eq(trace_event_nargs(TRACE_WAIT_BEGIN), 3);
	ck_assert_int_eq(trace_event_nargs(TRACE_TASK_END), 1);
	ck_assert_int_eq(trace_event_nargs(0), -1);
	ck_assert_int_eq(trace_event_nargs(TRACE_EVENT_KINDS), -1);
}
END_TEST

START_TEST(tables_come_back)
{
	const uint64_t stacks[] = {9, 2, 1, 2, 3, 4, 3, 11, TRACE_RAW_ADDRESS | 0x401000, 13, 10, 0, 0};
	const uint64_t location[] = {11, 1, 0x7f0000001234, 2};
	const uint64_t mapping[] = {1, 0x7f0000000000, 0x7f0000100000, 0x2000, 3, 4};
	const uint64_t process[] = {4711, 1700000000000000000, 8, 5};
	const uint64_t end[] = {11, 1, 2, 3};
	uint8_t *at = put_strings(trace_put_header(file));
	at = put_numbers_chunk(at, TRACE_CHUNK_STACKS, stacks, 13);
	at = put_numbers_chunk(at, TRACE_CHUNK_LOCATIONS, location, 4);
	at = put_numbers_chunk(at, TRACE_CHUNK_MAPPINGS, mapping, 6);
	at = put_numbers_chunk(at, TRACE_CHUNK_PROCESS, process, 4);
	at = put_numbers_chunk(at, TRACE_CHUNK_END, end, 4);

	struct trace_reader reader;
	struct trace_chunk chunk = first_chunk(at, &reader);
	struct trace_string string;
	ck_assert(trace_next_string(&chunk, &string) && string.id == 1 && string.text_bytes == 3);
	ck_assert_mem_eq(string.text, "one", 3);
	ck_assert(trace_next_string(&chunk, &string) && string.id == 2 && string.text_bytes == 0);
	ck_assert(!trace_next_string(&chunk, &string) && !chunk.is_damaged);

	struct trace_stack stack;
	uint64_t id, key, value;
	ck_assert(trace_next_chunk(&reader, &chunk) && trace_next_stack(&chunk, &stack));
	ck_assert(stack.id == 9 && stack.nlabels == 2 && stack.nlocations == 3);
	for (int i = 0; i < 3; i++)
		ck_assert(trace_next_stack_location(&stack, &id) && id == stacks[7 + i]);
	ck_assert(!trace_next_stack_location(&stack, &id));
	ck_assert(trace_next_stack_label(&stack, &key, &value) && key == 1 && value == 2);
	ck_assert(trace_next_stack_label(&stack, &key, &value) && key == 3 && value == 4);
	ck_assert(!trace_next_stack_label(&stack, &key, &value));
	ck_assert(trace_next_stack(&chunk, &stack) && stack.id == 10 && stack.nlabels + stack.nlocations == 0);
	ck_assert(!trace_next_stack(&chunk, &stack) && !chunk.is_damaged);

	struct trace_location l;
	ck_assert(trace_next_chunk(&reader, &chunk) && trace_next_location(&chunk, &l));
	ck_assert(l.id == 11 && l.mapping == 1 && l.address == 0x7f0000001234 && l.function == 2);
	struct trace_mapping m;
	ck_assert(trace_next_chunk(&reader, &chunk) && trace_next_mapping(&chunk, &m));
	ck_assert(m.id == 1 && m.start == mapping[1] && m.limit == mapping[2]);
	ck_assert(m.file_offset == 0x2000 && m.path == 3 && m.build_id == 4);
	struct trace_process p;
	ck_assert(trace_next_chunk(&reader, &chunk) && trace_get_process(&chunk, &p));
	ck_assert(p.pid == 4711 && p.realtime_ns == process[1] && p.ncpus == 8 && p.program == 5);
	struct trace_end e;
	ck_assert(trace_next_chunk(&reader, &chunk) && trace_get_end(&chunk, &e));
	ck_assert(e.signal == 11 && e.lost_events == 1 && e.lost_samples == 2 && e.lost_stacks == 3);
}
END_TEST

/** Chunks that are whole in the first `nbytes` of the file. */
static int count_chunks(size_t nbytes, bool *is_cut_out)
{
	// A copy of just that size: a sanitizer sees any read behind it.
	uint8_t *copy = malloc(nbytes);
	memcpy(copy, file, nbytes);
	struct trace_reader reader;
	struct trace_chunk chunk;
	int n = 0;
	ck_assert(trace_open(&reader, copy, nbytes));
	while (trace_next_chunk(&reader, &chunk))
		n++;
	*is_cut_out = reader.is_cut;
	free(copy);
	return n;
}

START_TEST(a_cut_loses_the_last_chunk_alone)
{
	const uint8_t *ends[4] = {trace_put_header(file)};
	for (int i = 0; i < 3; i++)
		ends[i + 1] = put_all_events(file + (ends[i] - file));
	for (size_t n = TRACE_HEADER_BYTES; n <= (size_t)(ends[3] - file); n++) {
		int whole = 0;
		while (whole < 3 && (size_t)(ends[whole + 1] - file) <= n)
			whole++;
		bool is_cut;
		ck_assert_int_eq(count_chunks(n, &is_cut), whole);
		ck_assert_int_eq(is_cut, (size_t)(ends[whole] - file) != n);
	}
}
END_TEST

START_TEST(a_damaged_record_ends_its_chunk)
{
	uint8_t *at = trace_put_header(file);
	uint8_t *p = at + TRACE_CHUNK_HEADER_BYTES;
	p = trace_put_event(p, TRACE_TASK_END, 1, (uint64_t[]){5}, 1);
	*p++ = TRACE_EVENT_KINDS; // no such event
	*p++ = 0;
	uint8_t *second = close_chunk(at, TRACE_CHUNK_EVENTS, 1, p);
	p = trace_put_event(second + TRACE_CHUNK_HEADER_BYTES, TRACE_LOG, 1, (uint64_t[]){0, 0}, 2);
	p = pb_put_varint(p, 100); // a text longer than the chunk
	p = close_chunk(second, TRACE_CHUNK_EVENTS, 1, p);

	struct trace_reader reader;
	struct trace_event event;
	struct trace_chunk chunk = first_chunk(p, &reader);
	ck_assert(trace_next_event(&chunk, &event) && event.task_end.task == 5);
	ck_assert(!trace_next_event(&chunk, &event) && chunk.is_damaged);
	ck_assert(trace_next_chunk(&reader, &chunk));
	ck_assert(!trace_next_event(&chunk, &event) && chunk.is_damaged);
	ck_assert(!trace_next_chunk(&reader, &chunk) && !reader.is_cut);
}
END_TEST

START_TEST(other_files_are_refused)
{
	struct trace_reader reader;
	trace_put_header(file);
	ck_assert(!trace_open(&reader, file, TRACE_HEADER_BYTES - 1));
	ck_assert(!trace_open(&reader, file, 0));
	file[8]++;
	ck_assert(!trace_open(&reader, file, TRACE_HEADER_BYTES));
}
END_TEST

START_TEST(waits_have_names_and_classes)
{
	ck_assert_str_eq(trace_wait_name(TRACE_WAIT_MUTEX), "mutex");
	ck_assert_int_eq(trace_wait_class(TRACE_WAIT_MUTEX), TRACE_CLASS_SYNC);
	ck_assert_int_eq(trace_wait_class(TRACE_WAIT_ACCEPT), TRACE_CLASS_NETWORK);
	ck_assert_int_eq(trace_wait_class(TRACE_WAIT_FSYNC), TRACE_CLASS_SYSCALL);
	ck_assert_str_eq(trace_wait_name(15), trace_wait_name(TRACE_WAIT_OTHER));
	ck_assert_str_eq(trace_wait_name(UINT64_MAX), trace_wait_name(TRACE_WAIT_SYSCALL));
}
END_TEST

UNIT_MAIN("tracefmt", all_events_come_back, arguments_have_their_names, tables_come_back,
		a_cut_loses_the_last_chunk_alone, a_damaged_record_ends_its_chunk, other_files_are_refused,
		waits_have_names_and_classes)
