// SPDX-License-Identifier: MIT
// How reading an old format ends: the memory map, and ids for what samples use.
#include <stdlib.h>

#include "base/mem.h"
#include "tool/profile/legacy.h"
#include "tool/profile/procmaps.h"

void legacy_number_locations(struct profile *p)
{
	uint32_t *renamed = mem_resize(NULL, p->nlocations, sizeof(*renamed)), n = 0;
	struct location *kept = mem_resize(NULL, p->nlocations, sizeof(*kept));
	memset(renamed, 0xff, p->nlocations * sizeof(*renamed));
	for (uint32_t i = 0; i < p->nsamples; i++) {
		for (uint32_t j = p->loc_begin[i]; j < p->loc_end[i]; j++) {
			uint32_t old = p->locs[j];
			if (renamed[old] == NO_INDEX) {
				renamed[old] = n;
				kept[n] = p->locations[old];
				kept[n].id = n + 1;
				n++;
			}
			p->locs[j] = renamed[old];
		}
	}
	free(p->locations);
	free(renamed);
	p->locations = kept;
	p->locations_cap = p->nlocations;
	p->nlocations = n;
}

static void number_functions(struct profile *p)
{
	uint32_t *renamed = mem_resize(NULL, p->nfunctions, sizeof(*renamed)), n = 0;
	struct function *kept = mem_resize(NULL, p->nfunctions, sizeof(*kept));
	memset(renamed, 0xff, p->nfunctions * sizeof(*renamed));
	for (uint32_t i = 0; i < p->nlocations; i++) {
		for (uint32_t j = 0; j < p->locations[i].nlines; j++) {
			struct line *line = &p->lines[p->locations[i].line_begin + j];
			if (renamed[line->function] == NO_INDEX) {
				renamed[line->function] = n;
				kept[n] = p->functions[line->function];
				kept[n].id = n + 1;
				n++;
			}
			line->function = renamed[line->function];
		}
	}
	free(p->functions);
	free(renamed);
	p->functions = kept;
	p->functions_cap = p->nfunctions;
	p->nfunctions = n;
}

void legacy_number(struct legacy *l)
{
	legacy_number_locations(l->p);
	number_functions(l->p);
	procmaps_assign(l->p);
}

struct err *legacy_read_maps(struct legacy *l, struct textlines *lines)
{
	procmaps_read(l->p, l->arena, lines);
	legacy_number(l);
	return legacy_lines_error(l, lines);
}

struct err *legacy_finish(struct legacy *l, struct textlines *lines)
{
	while (!is_maps_header(lines->line) && textlines_next(lines))
		;
	struct err *err = legacy_lines_error(l, lines);
	return err ? err : legacy_read_maps(l, lines);
}
