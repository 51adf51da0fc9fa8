// SPDX-License-Identifier: MIT
// The reader of execution traces; see tracefmt.h. Every length is checked against what is left.
#include "tracefmt.h"
#include "tracewrite.h"

/// What there is

enum { MAX_WAITS = 32 };

static const struct {
	const char *name;
	enum trace_wait_class class;
} waits[MAX_WAITS] = {
	[TRACE_WAIT_OTHER] = {"wait", TRACE_CLASS_SYNC},
	[TRACE_WAIT_MUTEX] = {"mutex", TRACE_CLASS_SYNC},
	[TRACE_WAIT_RWLOCK_READ] = {"rwlock read", TRACE_CLASS_SYNC},
	[TRACE_WAIT_RWLOCK_WRITE] = {"rwlock write", TRACE_CLASS_SYNC},
	[TRACE_WAIT_SPIN] = {"spin lock", TRACE_CLASS_SYNC},
	[TRACE_WAIT_COND] = {"condition variable", TRACE_CLASS_SYNC},
	[TRACE_WAIT_SEM] = {"semaphore", TRACE_CLASS_SYNC},
	[TRACE_WAIT_BARRIER] = {"barrier", TRACE_CLASS_SYNC},
	[TRACE_WAIT_JOIN] = {"join", TRACE_CLASS_SYNC},
	[TRACE_WAIT_FUTEX] = {"futex", TRACE_CLASS_SYNC},
	[TRACE_WAIT_SYSCALL] = {"system call", TRACE_CLASS_SYSCALL},
	[TRACE_WAIT_READ] = {"read", TRACE_CLASS_SYSCALL},
	[TRACE_WAIT_WRITE] = {"write", TRACE_CLASS_SYSCALL},
	[TRACE_WAIT_FSYNC] = {"fsync", TRACE_CLASS_SYSCALL},
	[TRACE_WAIT_SLEEP] = {"sleep", TRACE_CLASS_SYSCALL},
	[TRACE_WAIT_POLL] = {"poll", TRACE_CLASS_NETWORK},
	[TRACE_WAIT_EPOLL] = {"epoll_wait", TRACE_CLASS_NETWORK},
	[TRACE_WAIT_SELECT] = {"select", TRACE_CLASS_NETWORK},
	[TRACE_WAIT_ACCEPT] = {"accept", TRACE_CLASS_NETWORK},
	[TRACE_WAIT_CONNECT] = {"connect", TRACE_CLASS_NETWORK},
	[TRACE_WAIT_RECV] = {"recv", TRACE_CLASS_NETWORK},
	[TRACE_WAIT_SEND] = {"send", TRACE_CLASS_NETWORK},
	[TRACE_WAIT_CHILD] = {"wait for a child", TRACE_CLASS_SYSCALL},
	[TRACE_WAIT_LOCK_FILE] = {"file lock", TRACE_CLASS_SYSCALL},
};

/** One that is not known yet is at least of a known sort. */
static uint64_t known_wait(uint64_t wait)
{
	if (wait < MAX_WAITS && waits[wait].name)
		return wait;
	return wait < TRACE_WAIT_SYSCALL ? TRACE_WAIT_OTHER : TRACE_WAIT_SYSCALL;
}

const char *trace_wait_name(uint64_t wait)
{
	return waits[known_wait(wait)].name;
}

enum trace_wait_class trace_wait_class(uint64_t wait)
{
	return waits[known_wait(wait)].class;
}

#define NARGS(event) ((int8_t)(sizeof(((struct trace_event *)0)->event) / sizeof(uint64_t)))

static const int8_t nargs[TRACE_EVENT_KINDS] = {
	[0] = -1,
	[TRACE_THREAD_START] = NARGS(thread_start),
	[TRACE_THREAD_STOP] = NARGS(thread_stop),
	[TRACE_THREAD_NAME] = NARGS(thread_name),
	[TRACE_THREAD_TIMES] = NARGS(thread_times),
	[TRACE_WAIT_BEGIN] = NARGS(wait_begin),
	[TRACE_WAIT_END] = NARGS(wait_end),
	[TRACE_WAKE] = NARGS(wake),
	[TRACE_CPU_SAMPLE] = NARGS(cpu_sample),
	[TRACE_COUNTER] = NARGS(counter),
	[TRACE_TASK_BEGIN] = NARGS(task_begin),
	[TRACE_TASK_END] = NARGS(task_end),
	[TRACE_REGION_BEGIN] = NARGS(region_begin),
	[TRACE_REGION_END] = NARGS(region_end),
	[TRACE_LOG] = NARGS(log),
	[TRACE_LOST] = NARGS(lost),
};

int trace_event_nargs(unsigned kind)
{
	return kind < TRACE_EVENT_KINDS ? nargs[kind] : -1;
}

bool trace_event_has_text(unsigned kind)
{
	return kind == TRACE_THREAD_STOP || kind == TRACE_THREAD_NAME || kind == TRACE_LOG;
}

/// Chunks

static uint64_t get_fixed(struct pb_reader *in, unsigned nbytes)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < nbytes; i++)
		value |= (uint64_t)in->at[i] << 8 * i;
	in->at += nbytes;
	return value;
}

bool trace_open(struct trace_reader *r, const uint8_t *bytes, size_t nbytes)
{
	uint8_t header[TRACE_HEADER_BYTES];
	trace_put_header(header);
	*r = (struct trace_reader){.in = {bytes, bytes + nbytes}};
	if (nbytes < sizeof(header) || memcmp(bytes, header, sizeof(header)) != 0)
		return false;
	r->in.at += sizeof(header);
	return true;
}

/** False: there is none, or not all of it. */
static bool get_chunk(struct pb_reader *in, struct trace_chunk *chunk_out)
{
	if (in->end - in->at < TRACE_CHUNK_HEADER_BYTES || get_fixed(in, 4) != TRACE_CHUNK_MAGIC)
		return false;
	*chunk_out = (struct trace_chunk){.kind = (enum trace_chunk_kind)get_fixed(in, 2)};
	in->at += 2;
	uint64_t nbytes = get_fixed(in, 4);
	chunk_out->tid = (uint32_t)get_fixed(in, 4);
	chunk_out->base_ns = get_fixed(in, 8);
	chunk_out->span_ns = get_fixed(in, 8);
	chunk_out->span_ticks = get_fixed(in, 8);
	if (nbytes > (uint64_t)(in->end - in->at))
		return false;
	chunk_out->payload = (struct pb_reader){in->at, in->at + nbytes};
	in->at += nbytes;
	return true;
}

bool trace_next_chunk(struct trace_reader *r, struct trace_chunk *chunk_out)
{
	while (r->in.at < r->in.end && !r->is_cut) {
		if (!get_chunk(&r->in, chunk_out)) {
			r->is_cut = true;
			return false;
		}
		if (chunk_out->kind >= TRACE_CHUNK_EVENTS && chunk_out->kind <= TRACE_CHUNK_END)
			return true;
	}
	return false;
}

/// Records

/** n numbers in a row. */
static bool get_numbers(struct pb_reader *in, uint64_t *numbers_out, int n)
{
	for (int i = 0; i < n; i++) {
		if (!pb_get_varint(in, &numbers_out[i]))
			return false;
	}
	return true;
}

static bool get_text(struct pb_reader *in, const char **text_out, size_t *nbytes_out)
{
	uint64_t nbytes;
	if (!pb_get_varint(in, &nbytes) || nbytes > (uint64_t)(in->end - in->at))
		return false;
	*text_out = (const char *)in->at;
	*nbytes_out = (size_t)nbytes;
	in->at += nbytes;
	return true;
}

/** False: nothing (more) is to be had. A record that was not whole ends its chunk. */
static bool end_of_record(struct trace_chunk *c, bool is_whole)
{
	if (!is_whole) {
		c->is_damaged = true;
		c->payload.at = c->payload.end;
	}
	return is_whole;
}

static bool has_record(const struct trace_chunk *c, enum trace_chunk_kind kind)
{
	return c->kind == kind && c->payload.at < c->payload.end;
}

/** Of the chunk's last tick. Never behind its span. */
static uint64_t time_ns(const struct trace_chunk *c)
{
	if (c->ticks >= c->span_ticks)
		return c->base_ns + c->span_ns;
	return c->base_ns + (uint64_t)((unsigned __int128)c->ticks * c->span_ns / c->span_ticks);
}

static bool get_event(struct trace_chunk *c, struct trace_event *event_out)
{
	unsigned kind = *c->payload.at++;
	int n = trace_event_nargs(kind);
	uint64_t ticks;
	if (n < 0 || !pb_get_varint(&c->payload, &ticks))
		return false;
	c->ticks = ticks < UINT64_MAX - c->ticks ? c->ticks + ticks : UINT64_MAX;
	*event_out = (struct trace_event){
		.kind = (enum trace_event_kind)kind,
		.tid = c->tid,
		.time_ns = time_ns(c),
	};
	return get_numbers(&c->payload, event_out->args, n) &&
			(!trace_event_has_text(kind) ||
					get_text(&c->payload, &event_out->text, &event_out->text_bytes));
}

bool trace_next_event(struct trace_chunk *c, struct trace_event *event_out)
{
	return has_record(c, TRACE_CHUNK_EVENTS) && end_of_record(c, get_event(c, event_out));
}

bool trace_next_string(struct trace_chunk *c, struct trace_string *string_out)
{
	if (!has_record(c, TRACE_CHUNK_STRINGS))
		return false;
	return end_of_record(c, get_numbers(&c->payload, &string_out->id, 1) &&
					get_text(&c->payload, &string_out->text, &string_out->text_bytes));
}

/** A count of items, then these, each of so many numbers. */
static bool get_list(struct pb_reader *in, int numbers_each, uint64_t *n_out, struct pb_reader *items_out)
{
	uint64_t item[2];
	bool is_whole = get_numbers(in, n_out, 1);
	*items_out = *in;
	for (uint64_t i = 0; is_whole && i < *n_out; i++)
		is_whole = get_numbers(in, item, numbers_each);
	items_out->end = in->at;
	return is_whole;
}

bool trace_next_stack(struct trace_chunk *c, struct trace_stack *stack_out)
{
	if (!has_record(c, TRACE_CHUNK_STACKS))
		return false;
	struct trace_stack s;
	struct pb_reader *in = &c->payload;
	if (!end_of_record(c, get_numbers(in, &s.id, 1) && get_list(in, 2, &s.nlabels, &s.labels) &&
					    get_list(in, 1, &s.nlocations, &s.locations)))
		return false;
	*stack_out = s;
	return true;
}

bool trace_next_stack_location(struct trace_stack *stack, uint64_t *location_out)
{
	return stack->locations.at < stack->locations.end && pb_get_varint(&stack->locations, location_out);
}

bool trace_next_stack_label(struct trace_stack *stack, uint64_t *key_out, uint64_t *value_out)
{
	return stack->labels.at < stack->labels.end && pb_get_varint(&stack->labels, key_out) &&
			pb_get_varint(&stack->labels, value_out);
}

bool trace_next_location(struct trace_chunk *c, struct trace_location *location_out)
{
	uint64_t n[4];
	if (!has_record(c, TRACE_CHUNK_LOCATIONS) || !end_of_record(c, get_numbers(&c->payload, n, 4)))
		return false;
	*location_out = (struct trace_location){
		.id = n[0], .mapping = n[1], .address = n[2], .function = n[3]};
	return true;
}

bool trace_next_mapping(struct trace_chunk *c, struct trace_mapping *mapping_out)
{
	uint64_t n[6];
	if (!has_record(c, TRACE_CHUNK_MAPPINGS) || !end_of_record(c, get_numbers(&c->payload, n, 6)))
		return false;
	*mapping_out = (struct trace_mapping){.id = n[0],
		.start = n[1],
		.limit = n[2],
		.file_offset = n[3],
		.path = n[4],
		.build_id = n[5]};
	return true;
}

bool trace_get_process(struct trace_chunk *c, struct trace_process *process_out)
{
	uint64_t n[4];
	if (!has_record(c, TRACE_CHUNK_PROCESS) || !end_of_record(c, get_numbers(&c->payload, n, 4)))
		return false;
	*process_out = (struct trace_process){
		.pid = n[0], .realtime_ns = n[1], .ncpus = n[2], .program = n[3]};
	return true;
}

bool trace_get_end(struct trace_chunk *c, struct trace_end *end_out)
{
	uint64_t n[4];
	if (!has_record(c, TRACE_CHUNK_END) || !end_of_record(c, get_numbers(&c->payload, n, 4)))
		return false;
	*end_out = (struct trace_end){
		.signal = n[0], .lost_events = n[1], .lost_samples = n[2], .lost_stacks = n[3]};
	return true;
}
