// SPDX-License-Identifier: MIT
// Context: CTL. A profile on its way out. Samples are encoded as they come, names when a piece ends,
// and a piece is handed over by one call of the writer, so that a kill seldom cuts it.
//
// What the pieces repeat: duration (the reader keeps the last). What only the first has: time and the
// head; pprof refuses two times, for it takes them for two profiles in one file.
#include "profile_out.h"

#include <errno.h>
#include <string.h>

#include "delta.h"
#include "grow.h"
#include "gzip.h"
#include "names.h"
#include "vformat.h"

enum { COMMENT_MAX_BYTES = 4096 };

struct cp_profile_out {
	size_t bytes; // of itself
	struct cprof_writer writer;
	struct cp_delta *delta; // samples are summed there; NULL: they are written
	uint32_t nvalues;
	int status; // the first error; nothing is written after it
	struct cp_names names;
	struct profwrite_sink body; // of the current piece
	struct profwrite_sink member;
	uint64_t location_ids[CP_MAX_PCS];
};

static int fail(struct cp_profile_out *o, int error)
{
	if (o->status == 0)
		o->status = error;
	return o->status;
}

/** NULL is "". */
static bool intern(struct cp_profile_out *o, const char *str, uint64_t *index_out)
{
	return cp_strings_intern(&o->names.strings, str ? str : "", str ? strlen(str) : 0, index_out);
}

static bool write_value_type(struct cp_profile_out *o, enum profile_field field,
		const struct cp_value_type *vt)
{
	uint64_t type, unit;
	if (!intern(o, vt->type, &type) || !intern(o, vt->unit, &unit))
		return false;
	profwrite_value_type(&o->body, field, type, unit);
	return true;
}

static bool write_head(struct cp_profile_out *o, const struct cp_profile_spec *spec)
{
	uint64_t default_type, drop_frames;
	if (!cp_names_write_main(&o->names, &o->body))
		return false;
	for (uint32_t i = 0; i < spec->nsample_types; i++) {
		if (!write_value_type(o, PROFILE_SAMPLE_TYPE, &spec->sample_types[i]))
			return false;
	}
	if (!write_value_type(o, PROFILE_PERIOD_TYPE, &spec->period_type) ||
			!intern(o, spec->default_sample_type, &default_type) ||
			!intern(o, spec->drop_frames, &drop_frames))
		return false;
	profwrite_int(&o->body, PROFILE_PERIOD, spec->period);
	profwrite_int(&o->body, PROFILE_TIME_NANOS, spec->time_ns);
	profwrite_int(&o->body, PROFILE_DEFAULT_SAMPLE_TYPE, (int64_t)default_type);
	profwrite_int(&o->body, PROFILE_DROP_FRAMES, (int64_t)drop_frames);
	return !o->body.failed;
}

static struct cp_profile_out *make(const struct cp_profile_spec *spec, struct cprof_writer writer)
{
	struct cp_profile_out *o = NULL;
	size_t bytes = 0;
	if (!cp_grow(&o, &bytes, sizeof(*o)))
		return NULL;
	o->bytes = bytes;
	o->writer = writer;
	o->nvalues = spec->nsample_types;
	o->body.grow = cp_grow_sink;
	o->member.grow = cp_grow_sink;
	cp_grow_take_scratch(&o->names.locations.scratch);
	return o;
}

/** One of the two profiles of a delta, which owns what both are written to. */
static int begin_in_delta(struct cp_profile_out **out, const struct cp_profile_spec *spec, struct cp_delta *delta)
{
	struct cp_profile_out **shared;
	bool has_head = cp_delta_begin_profile(delta, spec, &shared);
	if (!*shared)
		*shared = make(spec, (struct cprof_writer){0});
	*out = *shared;
	uint64_t empty; // the first string, whatever the base begins with
	if (!*shared || !intern(*shared, "", &empty))
		return -ENOMEM;
	(*shared)->delta = delta;
	(*shared)->body.len = 0; // comments of the base
	return has_head && !write_head(*shared, spec) ? -ENOMEM : 0;
}

static int write_remarked(void *arg, const void *data, size_t size)
{
	const struct cp_remarked *r = arg;
	return r->writer.write(r->writer.arg, data, size);
}

struct cprof_writer cp_remarked_writer(struct cp_remarked *r)
{
	return (struct cprof_writer){.write = write_remarked, .arg = r};
}

static const char *remark_of(const struct cprof_writer *writer)
{
	return writer->write == write_remarked ? ((const struct cp_remarked *)writer->arg)->remark : NULL;
}

int cp_profile_out_begin(struct cp_profile_out **out, const struct cp_profile_spec *spec,
		struct cprof_writer writer)
{
	struct cp_delta *delta = cp_delta_of(&writer);
	if (delta)
		return begin_in_delta(out, spec, delta);
	struct cp_profile_out *o = make(spec, writer);
	*out = NULL;
	if (!o)
		return -ENOMEM;
	const char *remark = remark_of(&writer);
	if (!write_head(o, spec) || (remark && cp_profile_out_comment(o, "%s", remark) < 0)) {
		cp_profile_out_abandon(o);
		return -ENOMEM;
	}
	*out = o;
	return 0;
}

static bool intern_labels(struct cp_profile_out *o, const struct cp_label *labels, uint32_t nlabels,
		struct profwrite_label *out)
{
	for (uint32_t i = 0; i < nlabels; i++) {
		out[i] = (struct profwrite_label){0};
		bool ok = intern(o, labels[i].key, &out[i].key);
		if (labels[i].str) {
			ok = ok && intern(o, labels[i].str, &out[i].str);
		} else {
			out[i].num = labels[i].num;
			ok = ok && intern(o, labels[i].unit, &out[i].num_unit);
		}
		if (!ok)
			return false;
	}
	return true;
}

int cp_profile_out_sample(struct cp_profile_out *o, const uintptr_t *pcs, uint32_t npcs, uint32_t epoch,
		const int64_t *values, const struct cp_label *labels, uint32_t nlabels)
{
	struct profwrite_label written_labels[CP_MAX_LABELS];
	if (o->status)
		return o->status;
	if (npcs > CP_MAX_PCS || nlabels > CP_MAX_LABELS)
		return -EINVAL;
	for (uint32_t i = 0; i < npcs; i++) {
		o->location_ids[i] = cp_locations_intern(&o->names.locations, pcs[i], i == 0, epoch);
		if (o->location_ids[i] == 0)
			return fail(o, -ENOMEM);
	}
	if (!intern_labels(o, labels, nlabels, written_labels))
		return fail(o, -ENOMEM);
	if (!o->delta)
		return cp_profile_out_sum(o, o->location_ids, npcs, values, written_labels, nlabels);
	struct cp_delta_sample sample = {o->location_ids, npcs, values, o->nvalues, written_labels, nlabels, NULL};
	if (nlabels > 0 && labels[0].group) {
		sample.first_num = &labels[0].num;
		written_labels[0].num = labels[0].group;
	}
	return cp_delta_add(o->delta, &sample) ? 0 : fail(o, -ENOMEM);
}

int cp_profile_out_sum(struct cp_profile_out *o, const uint64_t *locations, uint32_t nlocations,
		const int64_t *values, const struct profwrite_label *labels, uint32_t nlabels)
{
	profwrite_sample(&o->body, values, o->nvalues, locations, nlocations, labels, nlabels);
	return o->body.failed ? fail(o, -ENOMEM) : 0;
}

struct cp_locations *cp_profile_out_locations(struct cp_profile_out *o)
{
	return &o->names.locations;
}

void cp_profile_out_release(struct cp_profile_out *o, struct cprof_writer writer)
{
	o->delta = NULL;
	o->writer = writer;
}

int cp_profile_out_comment(struct cp_profile_out *o, const char *fmt, ...)
{
	char text[COMMENT_MAX_BYTES];
	uint64_t index;
	va_list ap;
	if (o->status)
		return o->status;
	va_start(ap, fmt);
	cp_vformat(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!intern(o, text, &index))
		return fail(o, -ENOMEM);
	profwrite_int(&o->body, PROFILE_COMMENT, (int64_t)index);
	return o->body.failed ? fail(o, -ENOMEM) : 0;
}

int cp_profile_out_flush(struct cp_profile_out *o, int64_t duration_ns)
{
	if (o->status || o->delta)
		return o->status;
	profwrite_int(&o->body, PROFILE_DURATION_NANOS, duration_ns);
	if (!cp_names_write(&o->names, &o->body))
		return fail(o, -ENOMEM);
	o->member.len = 0;
	int ret = cp_gzip(&o->member, o->body.ptr, o->body.len, &o->names.locations.scratch);
	o->body.len = 0;
	if (ret == 0)
		ret = o->writer.write(o->writer.arg, o->member.ptr, o->member.len);
	return ret ? fail(o, ret) : 0;
}

int cp_profile_out_end(struct cp_profile_out *o, int64_t duration_ns)
{
	int ret = cp_profile_out_flush(o, duration_ns);
	cp_profile_out_abandon(o);
	return ret;
}

void cp_profile_out_abandon(struct cp_profile_out *o)
{
	if (o->delta)
		return; // it is not through with it
	cp_names_free(&o->names);
	cp_grow_sink_free(&o->body);
	cp_grow_sink_free(&o->member);
	size_t bytes = o->bytes;
	cp_grow_free(&o, &bytes);
}
