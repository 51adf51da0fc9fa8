// SPDX-License-Identifier: MIT
// The layout of perf.data: what was recorded (attributes, their ids and names), the records in the order of
// time, and the features behind them. Written to a file, or to a pipe, where all of that comes as records.
// Private to tool/perfdata; strings and records point into the bytes.
#ifndef CPROF_TOOL_PERFDATA_FILE_H
#define CPROF_TOOL_PERFDATA_FILE_H

#include "base/arena.h"
#include "base/str.h"
#include "base/err.h"
#include "format/reader.h"
#include "tool/perfdata/plain.h"

struct perf_event {
	uint32_t type;
	uint64_t config;
	uint64_t period; // or frequency
	uint64_t sample_type, read_format, branch_sample_type, user_registers;
	bool is_frequency, has_sample_ids, is_inherited;
	struct str name; // with its modifiers, "task-clock:u"; empty: the file does not say
};

struct perf_record {
	uint64_t time_ns;
	uint32_t number; // position in the file
	uint32_t type;
	uint16_t misc;
	struct reader body;
};

struct perf_build_id {
	struct str file;
	const uint8_t *id;
	uint32_t id_bytes;
};

struct perf_id {
	uint64_t id;
	uint32_t event;
};

struct perf_file {
	struct arena *arena;
	size_t bytes; // its size
	size_t left_bytes; // behind the last whole record
	struct perf_plain plain;
	struct perf_event *events;
	uint32_t nevents, events_cap;
	struct perf_id *ids; // sorted by id
	uint32_t nids, ids_cap;
	struct perf_record *records; // by time
	uint32_t nrecords, records_cap;
	struct perf_build_id *build_ids; // by file
	uint32_t nbuild_ids, build_ids_cap;
	struct str command_line, machine; // "x86_64"
	struct str host, release;         // uname -n, -r
};

// Of counters that say which they are: each its value in the first of `words` words, its id in another.
struct perf_readings {
	struct reader left;
	uint32_t words, id_word;
};

struct perf_sample {
	uint64_t ip, time_ns, period;
	uint32_t pid, tid;
	uint32_t event;
	struct perf_readings readings;
	const uint8_t *chain; // nchain addresses and context marks of 8 bytes each
	uint64_t nchain;
	// The user's registers, one of 8 bytes a bit of the mask, and the top of his stack; NULL: not recorded.
	const uint8_t *registers, *stack;
	uint64_t registers_mask, stack_bytes;
	bool is_aarch64;
	bool is_foreign; // of a machine whose registers are not known here
};

/** One event of the machine's own kernel, as perf_event_open() takes it; its records come by perf_file_read(). */
void perf_file_begin(struct arena *a, const void *attr, size_t len, struct perf_file *out);

/** Leaves the kernel's records in f->records, in place of those of before. They point into the bytes. */
void perf_file_read(struct perf_file *f, const void *records, size_t len);

/** Its records may point into `plain` as well, which is the caller's to free, also after an error. */
struct err *perf_file_parse(struct arena *a, const void *data, size_t len, struct perf_file *out);

/** False where the record is cut short or its event unknown. */
bool perf_sample_parse(const struct perf_file *f, const struct perf_record *r, struct perf_sample *out);

/** False where no event has that id. */
bool perf_find_id(const struct perf_file *f, uint64_t id, uint32_t *event_out);

/** The next reading of a sample; false: no more. */
bool perf_next_reading(struct perf_readings *r, uint64_t *id_out, uint64_t *value_out);

/** Of each event, no two of them the same: "task-clock", or made from numbers where the file has no name. */
struct str *perf_event_names(const struct perf_file *f);
/** Whether it counts the nanoseconds of a processor. */
bool perf_event_is_clock(const struct perf_event *e);
/** Whether it counts those somebody waited (perf record --off-cpu), which is written at the end, without times. */
bool perf_event_is_off_cpu(const struct perf_event *e);

/** Hex digits of the build id that the recording gives a file; empty where it gives none. */
struct str perf_build_id_of(struct arena *a, const struct perf_file *f, struct str file);

#endif
