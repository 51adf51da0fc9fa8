// SPDX-License-Identifier: MIT
// See die_tree.h.
#include "tool/symbolizer/die_tree.h"

#include <dwarf.h>

#include "tool/symbolizer/die_plan.h"

enum { MAX_INDIRECTIONS = 4, MAX_READS_A_BYTE = 16 };

bool die_tree_open(struct arena *a, struct reader unit, struct reader abbreviations, struct die_tree *out)
{
	*out = (struct die_tree){.arena = a, .unit = unit, .offset_bytes = 4};
	struct reader r = unit;
	uint64_t length = read_u32(&r);
	if (length == UINT32_MAX) {
		out->offset_bytes = 8;
		length = read_u64(&r);
	}
	r = read_part(&r, length);
	out->unit.end = r.end;
	out->reads_left = MAX_READS_A_BYTE * length;
	out->version = read_u16(&r);
	if (out->version >= 5) {
		read_u8(&r); // kind of unit
		out->address_bytes = read_u8(&r);
	}
	uint64_t offset = out->offset_bytes == 8 ? read_u64(&r) : read_u32(&r);
	if (out->version < 5)
		out->address_bytes = read_u8(&r);
	read_part(&abbreviations, offset);
	if (r.failed || abbreviations.failed || out->version < 2 || out->version > 5 ||
			(out->address_bytes != 4 && out->address_bytes != 8))
		return false;
	return die_plans_read(out, abbreviations);
}

static const struct die_plan *plan_of(const struct die_tree *t, uint64_t code)
{
	if (code - 1 < t->nplans && t->plans[code - 1].code == code)
		return &t->plans[code - 1]; // as a rule they are 1, 2, 3
	uint32_t lo = 0, hi = t->nplans;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (t->plans[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < t->nplans && t->plans[lo].code == code ? &t->plans[lo] : NULL;
}

// A number of `bytes`, 0: LEB128.
static uint64_t read_number(struct reader *r, unsigned bytes)
{
	switch (bytes) {
	case 0:
		return read_uleb(r);
	case 1:
		return read_u8(r);
	case 2:
		return read_u16(r);
	case 4:
		return read_u32(r);
	case 8:
		return read_u64(r);
	default: // indexes, whose value is not used
		read_part(r, bytes);
		return 0;
	}
}

static void skip(const struct die_tree *t, struct reader *r, struct die_step s)
{
	for (unsigned i = 0; s.kind == STEP_INDIRECT; i++) {
		if (i == MAX_INDIRECTIONS || !die_form_step(t, read_uleb(r), &s)) {
			r->failed = true;
			return;
		}
	}
	switch (s.kind) {
	case STEP_SKIP:
		read_part(r, s.bytes);
		break;
	case STEP_LEB:
		read_uleb(r);
		break;
	case STEP_STRING: {
		size_t len;
		read_string(r, &len);
		break;
	}
	case STEP_BLOCK:
		read_part(r, read_number(r, s.bytes));
		break;
	default:
		break;
	}
}

static inline void take(const struct die_tree *t, enum die_step_kind kind, uint64_t n, struct die *d)
{
	switch (kind) {
	case STEP_SIBLING:
		if (n < reader_left(&t->unit) && t->unit.at + n > d->at)
			d->sibling = t->unit.at + n;
		break;
	case STEP_ORIGIN:
		d->origin = n < reader_left(&t->unit) ? t->unit.at + n : NULL;
		break;
	case STEP_CALL_FILE:
		d->call_file = n;
		break;
	case STEP_CALL_LINE:
		d->call_line = n;
		break;
	case STEP_CALL_COLUMN:
		d->call_column = n;
		break;
	case STEP_LOW_PC:
		d->low_pc = n;
		break;
	case STEP_HIGH_PC:
		d->high_pc = n;
		break;
	case STEP_SIZE:
		d->size = n;
		break;
	case STEP_RANGES:
		d->ranges = n;
		d->has_ranges = true;
		break;
	case STEP_ELSEWHERE:
		d->is_elsewhere = true;
		break;
	default:
		break;
	}
}

// What read_number() reads, of bytes that are there.
static inline uint64_t load(const uint8_t *at, unsigned bytes)
{
	uint64_t n = 0;
	switch (bytes) {
	case 1:
		return *at;
	case 2:
		return memcpy(&n, at, 2), n;
	case 4:
		return memcpy(&n, at, 4), n;
	case 8:
		return memcpy(&n, at, 8), n;
	default:
		return 0;
	}
}

static void read_fixed(const struct die_tree *t, const struct die_plan *plan, struct reader *r, struct die *d)
{
	const uint8_t *at = read_part(r, plan->fixed_bytes).at;
	for (uint32_t i = plan->begin; i < plan->end && !r->failed; i++) {
		const struct die_step *s = &t->steps[i];
		take(t, s->kind, s->is_constant ? s->constant : load(at + s->offset, s->bytes), d);
	}
}

static void read_in_steps(const struct die_tree *t, const struct die_plan *plan, struct reader *r, struct die *d)
{
	for (uint32_t i = plan->begin; i < plan->end; i++) {
		const struct die_step *s = &t->steps[i];
		if (s->kind >= STEP_SIBLING)
			take(t, s->kind, s->is_constant ? s->constant : read_number(r, s->bytes), d);
		else
			skip(t, r, *s);
	}
}

enum die_kind die_read(struct die_tree *t, const uint8_t *at, struct die *out)
{
	struct reader r = {at, t->unit.end, false};
	*out = (struct die){.at = at};
	if (t->reads_left == 0)
		return DIE_BAD;
	t->reads_left--;
	uint64_t code = read_uleb(&r);
	out->end = r.at;
	if (code == 0)
		return r.failed ? DIE_BAD : DIE_NULL;
	const struct die_plan *plan = plan_of(t, code);
	if (!plan)
		return DIE_BAD;
	out->tag = plan->tag;
	out->has_children = plan->has_children;
	if (plan->is_fixed)
		read_fixed(t, plan, &r, out);
	else
		read_in_steps(t, plan, &r, out);
	out->end = r.at;
	if (out->size)
		out->high_pc = out->low_pc + out->size;
	return r.failed ? DIE_BAD : DIE_ENTRY;
}

bool die_first_child(struct die_tree *t, const struct die *parent, struct die *out)
{
	return parent->has_children && die_read(t, parent->end, out) == DIE_ENTRY;
}

bool die_next_sibling(struct die_tree *t, const struct die *d, struct die *out)
{
	const uint8_t *at = d->has_children && d->sibling ? d->sibling : d->end;
	uint64_t depth = d->has_children && !d->sibling;
	while (depth > 0) {
		switch (die_read(t, at, out)) {
		case DIE_ENTRY:
			at = out->has_children && out->sibling ? out->sibling : out->end;
			depth += out->has_children && !out->sibling;
			break;
		case DIE_NULL:
			at = out->end;
			depth--;
			break;
		case DIE_BAD:
			return false;
		}
	}
	return die_read(t, at, out) == DIE_ENTRY;
}
