// SPDX-License-Identifier: MIT
// See aggregate.h.
#include "tool/profile/aggregate.h"

static void forget_names(struct profile *p, struct aggregate_keep keep)
{
	for (uint32_t i = 0; i < p->nmappings; i++) {
		struct mapping *m = &p->mappings[i];
		m->has_inline_frames = m->has_inline_frames && keep.inline_frames;
		m->has_functions = m->has_functions && keep.function;
		m->has_filenames = m->has_filenames && keep.filename;
		m->has_line_numbers = m->has_line_numbers && keep.line;
	}
	for (uint32_t i = 0; i < p->nfunctions && (!keep.function || !keep.filename); i++) {
		if (!keep.function)
			p->functions[i].name = p->functions[i].system_name = 0;
		if (!keep.filename)
			p->functions[i].filename = 0;
	}
}

void profile_aggregate(struct profile *p, struct aggregate_keep keep)
{
	profile_own(p, PROFILE_PLACES);
	forget_names(p, keep);
	for (uint32_t i = 0; i < p->nlines; i++) {
		if (!keep.line)
			p->lines[i].line = 0;
		if (!keep.line || !keep.column)
			p->lines[i].column = 0;
	}
	for (uint32_t i = 0; i < p->nlocations; i++) {
		struct location *l = &p->locations[i];
		// The outermost line is the function the machine is in; the others were inlined into it.
		if (!keep.inline_frames && l->nlines > 1) {
			l->line_begin += l->nlines - 1;
			l->nlines = 1;
		}
		if (!keep.address)
			l->address = 0;
	}
}
