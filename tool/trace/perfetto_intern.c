// SPDX-License-Identifier: MIT
// Interned data (see perfetto_intern.h). Numbers are the indexes of the timeline's own tables plus one: 0 is
// Perfetto's "not set".
#include "perfetto_intern.h"

#include <stdlib.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "pbout.h"
#include "perfetto_fields.h"

enum { MAX_BUILD_ID_BYTES = 64 };

void perfetto_intern_init(struct perfetto_intern *in, const struct timeline *t)
{
	const struct profile *p = t->symbols;
	*in = (struct perfetto_intern){
			.timeline = t,
			.names = mem_zeroed(p->nstrings, 1),
			.functions = mem_zeroed(p->nstrings, 1),
			.frames = mem_zeroed(p->nlocations, 1),
			.mappings = mem_zeroed(p->nmappings + 1, 1),
			.stacks = mem_zeroed(t->nstacks, 1),
			.stack_texts = mem_zeroed(t->nstacks, 1),
	};
}

void perfetto_intern_deinit(struct perfetto_intern *in)
{
	buf_deinit(&in->pending);
	free(in->names);
	free(in->functions);
	free(in->frames);
	free(in->mappings);
	free(in->stacks);
	free(in->stack_texts);
}

static void append_text(struct buf *b, struct str text)
{
	const char *at = text.ptr, *end = text.ptr + text.len;
	if (utf8_is_valid(text)) {
		buf_str(b, text);
		return;
	}
	while (at < end) {
		unsigned n = utf8_sequence(at, end);
		buf_append(b, n ? at : "?", n ? n : 1);
		at += n ? n : 1;
	}
}

void perfetto_text(struct buf *b, unsigned field, struct str text)
{
	size_t message = pbout_begin(b, field);
	append_text(b, text);
	pbout_end(b, message);
}

void perfetto_entry(struct perfetto_intern *in, unsigned field, uint64_t iid, struct str text)
{
	size_t entry = pbout_begin(&in->pending, field);
	pbout_varint(&in->pending, INTERNED_IID, iid);
	perfetto_text(&in->pending, INTERNED_TEXT, text);
	pbout_end(&in->pending, entry);
}

// True the first time.
static bool is_new(uint8_t *seen, uint32_t i)
{
	bool new = !seen[i];
	seen[i] = 1;
	return new;
}

uint64_t perfetto_event_name(struct perfetto_intern *in, strid name)
{
	if (is_new(in->names, name))
		perfetto_entry(in, INTERNED_EVENT_NAMES, name + 1ul, timeline_str(in->timeline, name));
	return name + 1ul;
}

static uint64_t function_name(struct perfetto_intern *in, uint32_t location)
{
	const struct profile *p = in->timeline->symbols;
	const struct location *l = &p->locations[location];
	uint32_t f = l->nlines ? p->lines[l->line_begin].function : NO_INDEX;
	strid name = f == NO_INDEX ? 0 : p->functions[f].name;
	if (is_new(in->functions, name))
		perfetto_entry(in, INTERNED_FUNCTION_NAMES, name + 1ul, profile_str(p, name));
	return name + 1ul;
}

// The bytes of a build id, which is kept in hex.
static void put_build_id(struct perfetto_intern *in, uint64_t iid, struct str hex)
{
	struct buf *b = &in->pending;
	size_t entry = pbout_begin(b, INTERNED_BUILD_IDS);
	pbout_varint(b, INTERNED_IID, iid);
	size_t bytes = pbout_begin(b, INTERNED_TEXT);
	for (size_t i = 0; i + 2 <= hex.len && i < 2 * MAX_BUILD_ID_BYTES; i += 2) {
		uint64_t byte;
		if (hex_decode(str_slice(hex, i, i + 2), &byte) == 2)
			buf_byte(b, (char)byte);
	}
	pbout_end(b, bytes);
	pbout_end(b, entry);
}

// Mapping 1 is that of addresses in none: readers drop frames that have no mapping.
static uint64_t mapping(struct perfetto_intern *in, uint32_t index)
{
	const struct profile *p = in->timeline->symbols;
	static const struct mapping none;
	const struct mapping *m = index == NO_INDEX ? &none : &p->mappings[index];
	uint32_t i = index == NO_INDEX ? 0 : index + 1;
	uint64_t iid = i + 1ul;
	if (!is_new(in->mappings, i))
		return iid;
	perfetto_entry(in, INTERNED_MAPPING_PATHS, iid, m->file ? profile_str(p, m->file) : STR("[unknown]"));
	put_build_id(in, iid, profile_str(p, m->build_id));
	struct buf *b = &in->pending;
	size_t entry = pbout_begin(b, INTERNED_MAPPINGS);
	pbout_varint(b, INTERNED_IID, iid);
	pbout_varint(b, MAPPING_BUILD_ID, iid);
	pbout_varint(b, MAPPING_START_OFFSET, 0);
	pbout_varint(b, MAPPING_START, m->start);
	pbout_varint(b, MAPPING_END, m->limit);
	pbout_varint(b, MAPPING_PATH, iid);
	pbout_varint(b, MAPPING_EXACT_OFFSET, m->offset);
	pbout_end(b, entry);
	return iid;
}

static uint64_t frame(struct perfetto_intern *in, uint32_t location)
{
	const struct profile *p = in->timeline->symbols;
	const struct location *l = &p->locations[location];
	uint64_t iid = location + 1ul;
	if (!is_new(in->frames, location))
		return iid;
	uint64_t name = function_name(in, location), in_mapping = mapping(in, l->mapping);
	uint64_t rel_pc = l->address;
	if (l->mapping != NO_INDEX)
		rel_pc = l->address - p->mappings[l->mapping].start + p->mappings[l->mapping].offset;
	struct buf *b = &in->pending;
	size_t entry = pbout_begin(b, INTERNED_FRAMES);
	pbout_varint(b, INTERNED_IID, iid);
	pbout_varint(b, FRAME_FUNCTION_NAME, name);
	pbout_varint(b, FRAME_MAPPING, in_mapping);
	pbout_varint(b, FRAME_REL_PC, rel_pc);
	pbout_end(b, entry);
	return iid;
}

uint64_t perfetto_callstack(struct perfetto_intern *in, uint32_t stack)
{
	const struct timeline *t = in->timeline;
	const uint32_t *frames = timeline_frames(t, stack);
	if (!is_new(in->stacks, stack))
		return stack + 1ul;
	for (uint32_t i = 0; i < t->stacks[stack].n; i++)
		frame(in, frames[i]);
	size_t entry = pbout_begin(&in->pending, INTERNED_CALLSTACKS);
	pbout_varint(&in->pending, INTERNED_IID, stack + 1ul);
	for (uint32_t i = t->stacks[stack].n; i-- > 0;)
		pbout_varint(&in->pending, CALLSTACK_FRAMES, frames[i] + 1ul);
	pbout_end(&in->pending, entry);
	return stack + 1ul;
}

uint64_t perfetto_stack_text(struct perfetto_intern *in, uint32_t stack)
{
	const struct timeline *t = in->timeline;
	const uint32_t *frames = timeline_frames(t, stack);
	if (!is_new(in->stack_texts, stack))
		return stack + 1ul;
	struct buf text = {0};
	for (uint32_t i = 0; i < t->stacks[stack].n; i++) {
		struct str name = timeline_function_name(t, frames[i]);
		buf_cstr(&text, i ? "\n" : "");
		if (name.len)
			buf_str(&text, name);
		else
			buf_hex(&text, t->symbols->locations[frames[i]].address);
	}
	perfetto_entry(in, INTERNED_ANNOTATION_STRINGS, stack + 1ul, (struct str){text.ptr, text.len});
	buf_deinit(&text);
	return stack + 1ul;
}
