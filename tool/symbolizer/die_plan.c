// SPDX-License-Identifier: MIT
// See die_plan.h.
#include "tool/symbolizer/die_plan.h"

#include <dwarf.h>
#include <stdlib.h>

// The bytes of forms of one size; -1 for all others.
static int fixed_bytes(const struct die_tree *t, uint64_t form)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_ref1:
	case DW_FORM_flag:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
	case DW_FORM_ref_sup4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return (int)t->address_bytes;
	case DW_FORM_ref_addr:
		return (int)(t->version == 2 ? t->address_bytes : t->offset_bytes);
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_sec_offset:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return (int)t->offset_bytes;
	default:
		return -1;
	}
}

bool die_form_step(const struct die_tree *t, uint64_t form, struct die_step *out)
{
	int fixed = fixed_bytes(t, form);
	*out = (struct die_step){.kind = STEP_SKIP, .bytes = (uint16_t)(fixed < 0 ? 0 : fixed)};
	if (fixed >= 0)
		return true;
	switch (form) {
	case DW_FORM_udata:
	case DW_FORM_sdata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		out->kind = STEP_LEB;
		return true;
	case DW_FORM_string:
		out->kind = STEP_STRING;
		return true;
	case DW_FORM_block1:
	case DW_FORM_block2:
	case DW_FORM_block4:
		out->bytes = form == DW_FORM_block1 ? 1 : form == DW_FORM_block2 ? 2 : 4;
		out->kind = STEP_BLOCK;
		return true;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		out->kind = STEP_BLOCK;
		return true;
	case DW_FORM_indirect:
		out->kind = STEP_INDIRECT;
		return true;
	default:
		return false;
	}
}

static bool is_constant(uint64_t form)
{
	return form == DW_FORM_data1 || form == DW_FORM_data2 || form == DW_FORM_data4 || form == DW_FORM_data8 ||
			form == DW_FORM_udata;
}

static bool is_reference_in_unit(uint64_t form)
{
	return form == DW_FORM_ref1 || form == DW_FORM_ref2 || form == DW_FORM_ref4 || form == DW_FORM_ref8 ||
			form == DW_FORM_ref_udata;
}

// Attributes that are read: their steps take the place of skipping.
static void choose_kind(const struct die_tree *t, uint32_t tag, uint64_t attribute, uint64_t form, struct die_step *s)
{
	bool is_call = tag == DW_TAG_inlined_subroutine, is_function = is_call || tag == DW_TAG_subprogram;
	bool is_number = (s->kind == STEP_SKIP && s->bytes > 0 && s->bytes <= 8) || s->kind == STEP_LEB ||
			s->is_constant;
	if (!is_number)
		return;
	switch (attribute) {
	case DW_AT_abstract_origin:
		if (is_function && is_reference_in_unit(form))
			s->kind = STEP_ORIGIN;
		break;
	case DW_AT_call_file:
		s->kind = is_call ? STEP_CALL_FILE : s->kind;
		break;
	case DW_AT_call_line:
		s->kind = is_call ? STEP_CALL_LINE : s->kind;
		break;
	case DW_AT_call_column:
		s->kind = is_call ? STEP_CALL_COLUMN : s->kind;
		break;
	case DW_AT_sibling:
		if (form != DW_FORM_ref_addr)
			s->kind = STEP_SIBLING;
		break;
	case DW_AT_low_pc:
		s->kind = form == DW_FORM_addr ? STEP_LOW_PC : STEP_ELSEWHERE;
		break;
	case DW_AT_high_pc:
		s->kind = form == DW_FORM_addr ? STEP_HIGH_PC : is_constant(form) ? STEP_SIZE : STEP_ELSEWHERE;
		break;
	case DW_AT_ranges:
		s->kind = form == DW_FORM_sec_offset || (t->version < 4 && s->bytes == t->offset_bytes)
				? STEP_RANGES : STEP_ELSEWHERE;
		break;
	default:
		break;
	}
}

static bool is_of_known_size(const struct die_step *s)
{
	return s->kind == STEP_SKIP || (s->kind >= STEP_SIBLING && (s->bytes > 0 || s->is_constant));
}

// Most DIEs are of fixed size: what is read of them is where it always is, and nothing is stepped over.
static void fix(struct die_tree *t, struct die_plan *plan)
{
	uint32_t bytes = 0, kept = plan->begin;
	for (uint32_t i = plan->begin; i < plan->end; i++) {
		if (!is_of_known_size(&t->steps[i]))
			return;
	}
	for (uint32_t i = plan->begin; i < plan->end; i++) {
		struct die_step step = t->steps[i];
		step.offset = bytes;
		bytes += step.bytes;
		if (step.kind != STEP_SKIP)
			t->steps[kept++] = step;
	}
	plan->end = t->nsteps = kept;
	plan->fixed_bytes = bytes;
	plan->is_fixed = true;
}

static bool read_steps(struct die_tree *t, struct reader *r, struct die_plan *plan)
{
	plan->begin = t->nsteps;
	for (;;) {
		uint64_t attribute = read_uleb(r), form = read_uleb(r);
		struct die_step step;
		bool is_constant = form == DW_FORM_implicit_const;
		uint64_t constant = is_constant ? (uint64_t)read_sleb(r) : 0;
		if (attribute == 0 && form == 0)
			break;
		if (r->failed || !die_form_step(t, form, &step))
			return false;
		step.is_constant = is_constant;
		step.constant = constant;
		choose_kind(t, plan->tag, attribute, form, &step);
		struct die_step *last = t->nsteps > plan->begin ? &t->steps[t->nsteps - 1] : NULL;
		if (step.kind == STEP_SKIP && last && last->kind == STEP_SKIP && last->bytes < 1 << 14) {
			last->bytes = (uint16_t)(last->bytes + step.bytes);
			continue;
		}
		t->steps = arena_make_room(t->arena, t->steps, t->nsteps, &t->steps_cap, sizeof step);
		t->steps[t->nsteps++] = step;
	}
	plan->end = t->nsteps;
	fix(t, plan);
	return !r->failed;
}

static int by_code(const void *x, const void *y)
{
	const struct die_plan *s = x, *t = y;
	return (s->code > t->code) - (s->code < t->code);
}

bool die_plans_read(struct die_tree *t, struct reader table)
{
	bool ascending = true;
	uint64_t code;
	while ((code = read_uleb(&table)) != 0) {
		struct die_plan plan = {.code = code};
		plan.tag = (uint32_t)read_uleb(&table);
		plan.has_children = read_u8(&table) == DW_CHILDREN_yes;
		if (!read_steps(t, &table, &plan))
			return false;
		ascending = ascending && (t->nplans == 0 || t->plans[t->nplans - 1].code < code);
		t->plans = arena_make_room(t->arena, t->plans, t->nplans, &t->plans_cap, sizeof plan);
		t->plans[t->nplans++] = plan;
	}
	if (!ascending)
		qsort(t->plans, t->nplans, sizeof *t->plans, by_code);
	return !table.failed;
}
