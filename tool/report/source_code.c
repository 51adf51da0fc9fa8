// SPDX-License-Identifier: MIT
// The code around the wanted addresses: ranges of each binary, disassembled, every instruction with
// its stack of inlined frames. See source_listing.h. Distances and limits are pprof's, for its
// listings are compared with ours.
#include <stdlib.h>

#include "base/path.h"
#include "tool/binutils/disassembly.h"
#include "tool/binutils/objfile.h"
#include "tool/report/source_listing.h"
#include "tool/symbolizer/resolver.h"

enum {
	EXPAND_BYTES = 500,      // shown before and after a sampled address
	MAX_RANGES = 25,         // the costliest are kept
	NEIGHBORHOOD_BYTES = 32, // within which an instruction without a line has its predecessor's
};

struct open_object {
	struct open_object *next;
	strid file;
	struct objfile *objfile; // NULL: cannot be read
	struct resolver *resolver;
};

struct range {
	uint64_t begin, end, sampled; // sampled: an address in it that surely is mapped
	const struct mapping *mapping;
	struct open_object *object;
	int64_t score;
	uint32_t order;
};

static struct open_object *open_object(struct source_listing *l, const struct mapping *m)
{
	for (struct open_object *o = l->objects; o; o = o->next)
		if (o->file == m->file)
			return o;
	const struct profile *p = l->report->profile;
	struct open_object *o = arena_new(l->arena, struct open_object);
	struct str file = profile_str(p, m->file), relative = profile_str(p, m->kernel_relocation_symbol);
	struct mapped_range range = {m->start, m->limit, m->offset,
			arena_strndup(l->arena, relative.ptr, relative.len)};
	o->file = m->file;
	if (objfile_open(l->arena, arena_strndup(l->arena, file.ptr, file.len), &range, &o->objfile))
		o->objfile = NULL;
	o->next = l->objects;
	return l->objects = o;
}

static struct open_object *object_at(struct source_listing *l, const struct sampled_address *s)
{
	const struct profile *p = l->report->profile;
	uint32_t mapping = p->locations[s->location].mapping;
	struct open_object *o = mapping == NO_INDEX ? NULL : open_object(l, &p->mappings[mapping]);
	return o && o->objfile ? o : NULL;
}

static uint32_t add_instruction(struct source_listing *l, struct listed_instruction i)
{
	l->instructions = arena_make_room(l->arena, l->instructions, l->ninstructions,
			&l->instructions_cap, sizeof i);
	source_samples_sum(l, i.address, i.length, &i.flat, &i.cum);
	l->instructions[l->ninstructions] = i;
	return l->ninstructions++;
}

static bool is_interesting(const struct source_listing *l, struct str function)
{
	strid name = profile_find_string(l->report->profile, function);
	return name < l->nstrings && l->interesting[name];
}

static struct str canonical_file(struct source_listing *l, struct str file)
{
	if (str_has_prefix(file, STR("/proc/self/cwd/")))
		file = str_slice(file, 15, file.len);
	if (str_has_prefix(file, STR("./")))
		file = str_slice(file, 2, file.len);
	return str_from(path_clean(l->arena, file));
}

static void add_lines(struct source_listing *l, uint32_t instruction, struct frames stack)
{
	for (uint32_t i = 0; i < stack.n; i++) {
		const struct frame *f = &stack.items[i];
		if (!is_interesting(l, f->function))
			continue;
		l->lines = arena_make_room(l->arena, l->lines, l->nlines, &l->lines_cap, sizeof *l->lines);
		l->lines[l->nlines++] = (struct listed_line){canonical_file(l, f->file), f->line, instruction,
				f->function, stack.items, i};
	}
}

// Without a binary: the address alone, under the lines the profile knows.
static void add_bare_address(struct source_listing *l, const struct sampled_address *s)
{
	const struct profile *p = l->report->profile;
	const struct location *loc = &p->locations[s->location];
	struct frame *stack = arena_array(l->arena, struct frame, loc->nlines);
	uint32_t n = 0;
	for (uint32_t i = 0; i < loc->nlines; i++) {
		const struct line *line = &p->lines[loc->line_begin + i];
		if (line->function == NO_INDEX)
			continue;
		const struct function *f = &p->functions[line->function];
		stack[n++] = (struct frame){.function = profile_str(p, f->name),
				.file = profile_str(p, f->filename), .line = line->line};
	}
	struct listed_instruction i = {.address = s->address, .file_address = s->address, .length = 1};
	if (n) {
		i.file = stack[0].file;
		i.line = stack[0].line;
	}
	add_lines(l, add_instruction(l, i), (struct frames){stack, n});
}

static struct range make_range(struct source_listing *l, const struct sampled_address **wanted,
		uint32_t n, uint32_t *i)
{
	const struct profile *p = l->report->profile;
	struct open_object *object = object_at(l, wanted[*i]);
	const struct mapping *m = &p->mappings[p->locations[wanted[*i]->location].mapping];
	struct range r = {.sampled = wanted[*i]->address, .mapping = m, .object = object, .order = *i};
	uint64_t first = r.sampled, last = first;
	r.score = wanted[(*i)++]->flat;
	for (; *i < n && wanted[*i]->address <= last + 2 * EXPAND_BYTES && wanted[*i]->address < m->limit;
			++*i) {
		last = wanted[*i]->address;
		r.score += wanted[*i]->flat;
	}
	r.begin = first == m->start ? first : first - EXPAND_BYTES;
	r.end = m->limit - last >= EXPAND_BYTES ? last + EXPAND_BYTES : m->limit;
	return r;
}

static int by_score(const void *x, const void *y)
{
	const struct range *a = x, *b = y;
	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

// The stacks of all instructions at once; where the debug information cannot be read, what objdump
// said of each.
static struct frames *resolve(struct source_listing *l, struct range *r, const struct disassembly *code)
{
	struct frames *stacks = arena_array(l->arena, struct frames, code->n);
	uint64_t *addresses = arena_array(l->arena, uint64_t, code->n);
	uint32_t *place = arena_array(l->arena, uint32_t, code->n), n = 0;
	for (size_t i = 0; i < code->n; i++)
		if (n == 0 || code->items[i].address > addresses[n - 1]) {
			addresses[n] = code->items[i].address;
			place[n++] = (uint32_t)i;
		}
	struct resolver_options options = {.tools = l->report->options.object_tools};
	if (!r->object->resolver)
		r->object->resolver = resolver_new(l->arena, r->object->objfile, &options);
	struct frames *found = arena_array(l->arena, struct frames, n);
	bool failed = resolver_lookup(r->object->resolver, addresses, n, found) != NULL;
	for (uint32_t k = 0; k < n; k++) {
		const struct instruction *i = &code->items[place[k]];
		if (failed) {
			struct frame *f = arena_new(l->arena, struct frame);
			*f = (struct frame){.function = i->function, .file = i->file, .line = i->line};
			found[k] = (struct frames){f, 1};
		}
		stacks[place[k]] = found[k];
	}
	return stacks;
}

static void add_range(struct source_listing *l, struct range *r)
{
	uint64_t address;
	if (objfile_address(l->arena, r->object->objfile, r->sampled, &address))
		return;
	uint64_t base = r->sampled - address;
	struct disassembly code;
	if (disassemble(l->arena, l->report->options.object_tools, r->object->objfile->path,
			r->begin - base, r->end - base, l->report->options.intel_syntax, &code) || !code.n)
		return;
	struct frames *stacks = resolve(l, r, &code);
	struct frames last = {0};
	uint64_t last_address = 0, highest = 0;
	for (size_t k = 0; k < code.n; k++) {
		const struct instruction *c = &code.items[k];
		struct frames stack = stacks[k];
		address = c->address + base;
		if (address <= highest) // objdump shows overlapping sections twice
			continue;
		highest = address;
		struct listed_instruction i = {.address = address, .file_address = c->address, .length = 1,
				.text = c->text};
		if (k + 1 < code.n && code.items[k + 1].address > c->address)
			i.length = code.items[k + 1].address - c->address;
		if (stack.n) {
			i.file = stack.items[0].file;
			i.line = stack.items[0].line;
		}
		if (stack.n && stack.items[0].line) {
			last = stack;
			last_address = address;
		} else if (last.n && address - last_address <= NEIGHBORHOOD_BYTES) {
			stack = last;
		}
		add_lines(l, add_instruction(l, i), stack);
	}
}

void source_code_collect(struct source_listing *l)
{
	const struct sampled_address **wanted =
			arena_array(l->arena, const struct sampled_address *, l->nsampled);
	uint32_t n = 0, nranges = 0;
	for (uint32_t i = 0; i < l->nsampled; i++) {
		if (!l->sampled[i].wanted)
			continue;
		if (object_at(l, &l->sampled[i]))
			wanted[n++] = &l->sampled[i];
		else
			add_bare_address(l, &l->sampled[i]);
	}
	struct range *ranges = arena_array(l->arena, struct range, n);
	for (uint32_t i = 0; i < n;)
		ranges[nranges++] = make_range(l, wanted, n, &i);
	if (nranges)
		qsort(ranges, nranges, sizeof *ranges, by_score);
	for (uint32_t i = 0; i < nranges && i < MAX_RANGES; i++)
		add_range(l, &ranges[i]);
}

void source_code_close(struct source_listing *l)
{
	for (struct open_object *o = l->objects; o; o = o->next)
		resolver_close(o->resolver);
}
