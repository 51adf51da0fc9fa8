// SPDX-License-Identifier: MIT
// See lines.h.
#include "tool/symbolizer/lines.h"

#include "base/mem.h"

static uint32_t hash(strid name, strid file, int64_t start_line)
{
	uint64_t h = (uint64_t)name << 32 | file;
	h = (h ^ (uint64_t)start_line) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(h >> 32);
}

static uint32_t *slot_of(struct function_set *s, strid name, strid file, int64_t start_line)
{
	uint32_t i = hash(name, file, start_line) & (s->cap - 1);
	for (;; i = (i + 1) & (s->cap - 1)) {
		if (s->slots[i] == 0)
			return &s->slots[i];
		const struct function *f = &s->profile->functions[s->slots[i] - 1];
		if (f->system_name == name && f->filename == file && f->start_line == start_line)
			return &s->slots[i];
	}
}

static void grow(struct function_set *s)
{
	struct function_set old = *s;
	s->cap = old.cap ? 2 * old.cap : 256;
	s->slots = arena_array(s->arena, uint32_t, s->cap);
	for (uint32_t i = 0; i < old.cap; i++) {
		if (old.slots[i] == 0)
			continue;
		const struct function *f = &s->profile->functions[old.slots[i] - 1];
		*slot_of(s, f->system_name, f->filename, f->start_line) = old.slots[i];
	}
}

uint32_t function_set_add(struct function_set *s, const struct frame *f)
{
	struct profile *p = s->profile;
	strid name = profile_intern(p, f->function), file = profile_intern(p, f->file);
	if (2 * (s->n + 1) > s->cap)
		grow(s);
	uint32_t *slot = slot_of(s, name, file, f->start_line);
	if (*slot == 0) {
		struct function added = {.id = p->nfunctions + 1, .name = name, .system_name = name,
				.filename = file, .start_line = f->start_line};
		*slot = profile_add_function(p, added) + 1;
		s->n++;
	}
	return *slot - 1;
}

void location_set_lines(struct profile *p, uint32_t location, const struct line *lines, uint32_t n)
{
	struct location *l = &p->locations[location];
	if (n > l->nlines) {
		p->lines = mem_grow(p->lines, &p->lines_cap, p->nlines + n, sizeof *lines);
		l->line_begin = p->nlines;
		p->nlines += n;
	}
	memcpy(p->lines + l->line_begin, lines, n * sizeof *lines);
	l->nlines = n;
}
