// SPDX-License-Identifier: MIT
// See recording.h.
#include "tool/perfdata/recording.h"

#include <linux/perf_event.h>

#include "tool/perfdata/conversion.h"

struct perf_recording {
	struct arena *arena;
	struct conversion conversion;
};

struct perf_recording *perf_recording_begin(struct arena *a, const struct perf_event_attr *attr)
{
	struct perf_recording *r = arena_new(a, struct perf_recording);
	r->arena = a;
	perf_file_begin(a, attr, sizeof *attr, &r->conversion.file);
	conversion_begin(&r->conversion, a);
	r->conversion.cfi.is_of_here = true;
	return r;
}

static struct str keep(struct arena *a, struct str s)
{
	return (struct str){arena_strndup(a, s.ptr, s.len), s.len};
}

void perf_recording_map(struct perf_recording *r, int pid, const struct perf_mapped *m)
{
	processes_map(&r->conversion.processes, pid < 0 ? KERNEL_PID : (uint32_t)pid,
			(struct address_range){m->start, m->limit, m->offset, keep(r->arena, m->file),
					keep(r->arena, m->build_id), .mapping = NO_MAPPING, .cfi_file = NO_CFI_FILE});
}

void perf_recording_name_thread(struct perf_recording *r, int tid, struct str name)
{
	processes_name_thread(&r->conversion.processes, (uint32_t)tid, keep(r->arena, name));
}

void perf_recording_add(struct perf_recording *r, const void *records, size_t len)
{
	struct conversion *c = &r->conversion;
	perf_file_read(&c->file, records, len);
	for (uint32_t i = 0; i < c->file.nrecords; i++) {
		struct perf_record record = c->file.records[i];
		if (record.type != PERF_RECORD_SAMPLE) { // its names stay in use
			struct str body = keep(r->arena, (struct str){(const char *)record.body.at,
					reader_left(&record.body)});
			record.body = reader_of(body.ptr, body.len);
		}
		conversion_add(c, &record);
	}
}

uint64_t perf_recording_nsamples(const struct perf_recording *r)
{
	return r->conversion.nsamples;
}

uint64_t perf_recording_nlost(const struct perf_recording *r)
{
	return r->conversion.nlost;
}

bool perf_recording_program(const struct perf_recording *r, int pid, struct str *path, struct str *name)
{
	*path = process_program_since(&r->conversion.processes, (uint32_t)pid);
	*name = thread_name(&r->conversion.processes, (uint32_t)pid);
	return path->len;
}

struct profile *perf_recording_end(struct perf_recording *r)
{
	struct profile *p = conversion_end(&r->conversion);
	conversion_deinit(&r->conversion);
	return p;
}
