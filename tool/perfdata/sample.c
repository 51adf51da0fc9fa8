// SPDX-License-Identifier: MIT
// One sample, field by field as its event asked for them. See file.h.
#include <linux/perf_event.h>

#include "base/hex.h"
#include "tool/perfdata/file.h"

bool perf_find_id(const struct perf_file *f, uint64_t id, uint32_t *event_out)
{
	uint32_t lo = 0, hi = f->nids;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (f->ids[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == f->nids || f->ids[lo].id != id)
		return false;
	*event_out = f->ids[lo].event;
	return true;
}

// Where there are several events, a sample says by its id to which it belongs. All events of a recording
// have the id at the same place.
static bool find_event(const struct perf_file *f, struct reader body, uint32_t *event_out)
{
	uint64_t type = f->nevents ? f->events[0].sample_type : 0;
	*event_out = 0;
	if (f->nevents < 2)
		return f->nevents == 1;
	if (!(type & PERF_SAMPLE_IDENTIFIER)) {
		if (!(type & PERF_SAMPLE_ID))
			return true;
		for (uint64_t bit = PERF_SAMPLE_IP; bit <= PERF_SAMPLE_ADDR; bit <<= 1)
			if (type & bit)
				read_u64(&body);
	}
	uint64_t id = read_u64(&body);
	return !body.failed && perf_find_id(f, id, event_out);
}

static void read_readings(struct reader *r, uint64_t format, struct perf_readings *out)
{
	uint64_t times = 0, words = 1;
	times += (format & PERF_FORMAT_TOTAL_TIME_ENABLED) != 0;
	times += (format & PERF_FORMAT_TOTAL_TIME_RUNNING) != 0;
	words += (format & PERF_FORMAT_ID) != 0;
	words += (format & 1U << 4) != 0; // PERF_FORMAT_LOST
	uint64_t n = 1;
	if (format & PERF_FORMAT_GROUP) {
		n = read_u64(r);
		read_part(r, 8 * times);
		times = 0;
	}
	words += times; // of one alone between its value and its id
	if (n > reader_left(r)) {
		r->failed = true;
		return;
	}
	struct reader all = read_part(r, 8 * n * words);
	if (format & PERF_FORMAT_ID)
		*out = (struct perf_readings){all, (uint32_t)words, 1 + (uint32_t)times};
}

bool perf_next_reading(struct perf_readings *r, uint64_t *id_out, uint64_t *value_out)
{
	if (reader_left(&r->left) == 0)
		return false;
	struct reader words = read_part(&r->left, 8 * (uint64_t)r->words);
	*value_out = read_u64(&words);
	read_part(&words, 8 * (uint64_t)(r->id_word - 1));
	*id_out = read_u64(&words);
	return !words.failed;
}

static void skip_to_registers(struct reader *r, const struct perf_event *e)
{
	if (e->sample_type & PERF_SAMPLE_RAW)
		read_part(r, read_u32(r));
	if (!(e->sample_type & PERF_SAMPLE_BRANCH_STACK))
		return;
	uint64_t n = read_u64(r);
	if (e->branch_sample_type & PERF_SAMPLE_BRANCH_HW_INDEX)
		read_u64(r);
	if (n > reader_left(r) / 24)
		r->failed = true;
	else
		read_part(r, 24 * n);
}

static void read_stack_dump(struct reader *r, const struct perf_event *e, struct perf_sample *out)
{
	uint64_t abi = e->sample_type & PERF_SAMPLE_REGS_USER ? read_u64(r) : PERF_SAMPLE_REGS_ABI_NONE;
	if (abi != PERF_SAMPLE_REGS_ABI_NONE) {
		const uint8_t *values = read_part(r, 8 * (uint64_t)__builtin_popcountll(e->user_registers)).at;
		out->registers = abi == PERF_SAMPLE_REGS_ABI_64 ? values : NULL;
		out->registers_mask = e->user_registers;
	}
	uint64_t size = e->sample_type & PERF_SAMPLE_STACK_USER ? read_u64(r) : 0;
	if (size == 0)
		return;
	out->stack = read_part(r, size).at;
	out->stack_bytes = read_u64(r);
	r->failed |= out->stack_bytes > size;
}

bool perf_sample_parse(const struct perf_file *f, const struct perf_record *record, struct perf_sample *out)
{
	struct reader r = record->body;
	*out = (struct perf_sample){0};
	if (!find_event(f, r, &out->event))
		return false;
	const struct perf_event *e = &f->events[out->event];
	uint64_t type = e->sample_type;
	if (type & PERF_SAMPLE_IDENTIFIER)
		read_u64(&r);
	if (type & PERF_SAMPLE_IP)
		out->ip = read_u64(&r);
	if (type & PERF_SAMPLE_TID) {
		out->pid = read_u32(&r);
		out->tid = read_u32(&r);
	}
	if (type & PERF_SAMPLE_TIME)
		out->time_ns = read_u64(&r);
	if (type & PERF_SAMPLE_ADDR)
		read_u64(&r);
	if (type & PERF_SAMPLE_ID)
		read_u64(&r);
	if (type & PERF_SAMPLE_STREAM_ID)
		read_u64(&r);
	if (type & PERF_SAMPLE_CPU)
		read_u64(&r);
	out->period = e->is_frequency ? 1 : e->period;
	if (type & PERF_SAMPLE_PERIOD)
		out->period = read_u64(&r);
	if (type & PERF_SAMPLE_READ)
		read_readings(&r, e->read_format, &out->readings);
	if (type & PERF_SAMPLE_CALLCHAIN) {
		out->nchain = read_u64(&r);
		if (out->nchain > reader_left(&r) / 8)
			return false;
		out->chain = r.at;
		read_part(&r, 8 * out->nchain);
	}
	skip_to_registers(&r, e);
	read_stack_dump(&r, e, out);
	out->is_aarch64 = str_eq(f->machine, STR("aarch64"));
	out->is_foreign = f->machine.len && !out->is_aarch64 && !str_eq(f->machine, STR("x86_64"));
	return !r.failed;
}

struct str perf_build_id_of(struct arena *a, const struct perf_file *f, struct str file)
{
	// The kernel's mapping has the symbol at its start behind its name.
	static const struct str kernel = {"[kernel.kallsyms]", 17};
	struct str name = str_has_prefix(file, kernel) ? kernel : file;
	uint32_t lo = 0, hi = f->nbuild_ids;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (str_cmp(f->build_ids[mid].file, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == f->nbuild_ids || !str_eq(f->build_ids[lo].file, name))
		return (struct str){0};
	return hex_encode(a, f->build_ids[lo].id, f->build_ids[lo].id_bytes);
}

bool perf_event_is_clock(const struct perf_event *e)
{
	return e->type == PERF_TYPE_SOFTWARE &&
			(e->config == PERF_COUNT_SW_CPU_CLOCK || e->config == PERF_COUNT_SW_TASK_CLOCK);
}

bool perf_event_is_off_cpu(const struct perf_event *e)
{
	return e->type == PERF_TYPE_SOFTWARE && e->config == PERF_COUNT_SW_BPF_OUTPUT &&
			str_eq(e->name, STR("offcpu-time"));
}
