// SPDX-License-Identifier: MIT
// See procmaps.h. Lines are those of /proc/self/maps or a shorter form with the file before the offset,
// perhaps behind a log prefix, perhaps with $names for values set by earlier "name=value" lines.
#include "tool/profile/procmaps.h"

#include "base/buf.h"
#include "tool/profile/regex.h"

enum { MAX_MAPPINGS = 65536, MAX_ATTRIBUTES = 256, MAX_EXPANDED_BYTES = 65536, SPANS = 7 };
enum { MAIN_START = 0x400000 };

struct attribute {
	struct str name, value; // name with its '$'
};

struct maps_reader {
	struct profile *p;
	struct arena *arena;
	struct regex *proc, *brief, *log;
	struct attribute attributes[MAX_ATTRIBUTES];
	unsigned nattributes;
};

bool is_maps_header(struct str line)
{
	return str_contains(line, STR("--- Memory map: ---")) || str_contains(line, STR("MAPPED_LIBRARIES:"));
}

/* The first attribute whose name `text` starts with. */
static const struct attribute *find_attribute(const struct maps_reader *r, struct str text)
{
	for (unsigned i = 0; i < r->nattributes; i++) {
		if (str_has_prefix(text, r->attributes[i].name))
			return &r->attributes[i];
	}
	return NULL;
}

static struct str expand_attributes(const struct maps_reader *r, struct str line)
{
	if (!r->nattributes || !line.len || !memchr(line.ptr, '$', line.len))
		return line;
	struct buf out = {0};
	for (size_t i = 0; i < line.len && out.len < MAX_EXPANDED_BYTES;) {
		const struct attribute *attribute =
				line.ptr[i] == '$' ? find_attribute(r, str_slice(line, i, line.len)) : NULL;
		if (attribute)
			buf_str(&out, attribute->value);
		else
			buf_byte(&out, line.ptr[i]);
		i += attribute ? attribute->name.len : 1;
	}
	struct str expanded = {arena_strndup(r->arena, out.ptr ? out.ptr : "", out.len), out.len};
	buf_deinit(&out);
	return expanded;
}

static struct str span(struct str s, struct regex_span at)
{
	return at.begin == REGEX_UNSET ? STR("") : str_slice(s, at.begin, at.end);
}

/* Whether the line is a mapping; adds it where it is executable. */
static bool read_mapping(struct maps_reader *r, struct str line)
{
	struct regex_span spans[SPANS];
	struct str file, offset, build_id = STR("");
	struct mapping m = {0};
	if (regex_find(r->proc, line, 0, spans, 6)) {
		offset = span(line, spans[4]);
		file = span(line, spans[5]);
	} else if (regex_find(r->brief, line, 0, spans, SPANS)) {
		file = span(line, spans[4]);
		offset = span(line, spans[5]);
		build_id = span(line, spans[6]);
	} else {
		return false;
	}
	struct str permissions = span(line, spans[3]);
	if (permissions.len && !memchr(permissions.ptr, 'x', permissions.len))
		return true;
	if (parse_uint(r->arena, span(line, spans[1]), 16, &m.start) ||
			parse_uint(r->arena, span(line, spans[2]), 16, &m.limit) ||
			(offset.len && parse_uint(r->arena, offset, 16, &m.offset)))
		return false;
	m.file = profile_intern(r->p, file);
	m.build_id = profile_intern(r->p, build_id);
	if (r->p->nmappings < MAX_MAPPINGS) // the kernel's own limit of a process
		profile_add_mapping(r->p, m);
	return true;
}

static void read_attribute(struct maps_reader *r, struct str line)
{
	struct str value = line, name = trim_space(str_cut(&value, '='));
	if (!memchr(line.ptr, '=', line.len) || r->nattributes == MAX_ATTRIBUTES)
		return;
	name = str_from(arena_printf(r->arena, "$%.*s", STR_FMT(name)));
	value = trim_space(value);
	value.ptr = arena_strndup(r->arena, value.ptr, value.len);
	r->attributes[r->nattributes++] = (struct attribute){name, value};
}

/* Whether b continues a: one mapping that was split. */
static bool is_continued(const struct mapping *a, const struct mapping *b)
{
	if ((a->file && b->file && a->file != b->file) ||
			(a->build_id && b->build_id && a->build_id != b->build_id))
		return false;
	return a->limit == b->start &&
			(!a->offset || !b->offset || a->offset + (a->limit - a->start) == b->offset);
}

static void join_split_mappings(struct profile *p)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < p->nmappings; i++) {
		struct mapping m = p->mappings[i], *last = n ? &p->mappings[n - 1] : NULL;
		if (!last || !is_continued(last, &m)) {
			p->mappings[n++] = m;
			continue;
		}
		last->limit = m.limit;
		last->file = m.file ? m.file : last->file;
		last->build_id = m.build_id ? m.build_id : last->build_id;
	}
	p->nmappings = n;
}

/* Neither a shared library nor "[vdso]" and the like. */
static bool is_main_binary(struct str file)
{
	const struct str deleted = STR("(deleted)");
	char copy[4096];
	size_t len = 0;
	for (size_t i = 0; i < file.len && len < sizeof(copy);) {
		if (str_has_prefix(str_slice(file, i, file.len), deleted))
			i += deleted.len;
		else
			copy[len++] = file.ptr[i++];
	}
	file = trim_space((struct str){copy, len});
	if (!file.len || file.ptr[0] == '[' || str_has_suffix(file, STR(".so")))
		return false;
	for (size_t i = 0; i + 4 < file.len; i++) {
		const char *at = file.ptr + i;
		if (!memcmp(at, ".so", 3) && (at[3] == '.' || at[3] == '_') && at[4] >= '0' && at[4] <= '9')
			return false;
	}
	return true;
}

static void put_main_first(struct profile *p)
{
	for (uint32_t i = 0; i < p->nmappings; i++) {
		if (is_main_binary(profile_str(p, p->mappings[i].file))) {
			struct mapping main = p->mappings[i];
			p->mappings[i] = p->mappings[0];
			p->mappings[0] = main;
			break;
		}
	}
}

void procmaps_read(struct profile *p, struct arena *a, struct textlines *lines)
{
	struct maps_reader *r = arena_new(a, struct maps_reader);
	r->p = p;
	r->arena = a;
	// Start and end, permissions; then offset, device, inode, file; or file, (@offset), build id.
#define RANGE "^\\s*(?:0x)?([[:xdigit:]]+)[\\s-]?\\s*(?:0x)?([[:xdigit:]]+):?(?:\\s+([-rwxp]+))?"
	r->proc = regex_must_compile(RANGE
			"(?:\\s+([[:xdigit:]]+))?\\s+[[:xdigit:]]+:[[:xdigit:]]+\\s+[[:digit:]]+(?:\\s+(\\S+))?");
	r->brief = regex_must_compile(RANGE
			"(?:\\s+(\\S+))?(?:\\s+\\(@([[:xdigit:]]+)\\))?(?:\\s+([[:xdigit:]]+))?");
#undef RANGE
	r->log = regex_must_compile("^[^\\[\\]]+:[0-9]+]\\s");
	while (textlines_next(lines)) {
		struct regex_span log;
		struct str line = lines->line;
		if (regex_find(r->log, line, 0, &log, 1))
			line = str_slice(line, log.end, line.len);
		line = expand_attributes(r, line);
		if (!read_mapping(r, line))
			read_attribute(r, line);
	}
	regex_free(r->proc);
	regex_free(r->brief);
	regex_free(r->log);
	join_split_mappings(p);
	put_main_first(p);
}

/* Corrects what some handlers write for the main binary. */
static void fix_main_mapping(struct profile *p)
{
	if (p->nmappings > 1 && str_has_prefix(profile_str(p, p->mappings[0].file), STR("/anon_hugepage")) &&
			p->mappings[0].limit == p->mappings[1].start) {
		p->nmappings--;
		memmove(p->mappings, p->mappings + 1, p->nmappings * sizeof(*p->mappings));
	}
	if (p->nmappings && p->mappings[0].start - p->mappings[0].offset == MAIN_START) {
		p->mappings[0].start = MAIN_START;
		p->mappings[0].offset = 0;
	}
}

// How much work hostile maps (thousands that overlap) may cause; then addresses count as unmapped.
static const uint64_t max_comparisons = 1u << 30;

struct finder {
	struct profile *p;
	uint32_t nreal;    // mappings of the file; one more may have been made for all the rest
	bool is_disjoint;  // and in order: a binary search finds the one there can be
	uint64_t comparisons;
};

static struct finder finder_create(struct profile *p)
{
	struct finder f = {.p = p, .nreal = p->nmappings, .is_disjoint = true};
	for (uint32_t i = 1; i < f.nreal; i++)
		f.is_disjoint = f.is_disjoint && p->mappings[i - 1].limit <= p->mappings[i].start;
	for (uint32_t i = 0; i < f.nreal; i++)
		f.is_disjoint = f.is_disjoint && p->mappings[i].start <= p->mappings[i].limit;
	return f;
}

static uint32_t find_sorted(const struct finder *f, uint64_t address)
{
	uint32_t low = 0, high = f->nreal;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (f->p->mappings[middle].limit <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->nreal && f->p->mappings[low].start <= address ? low : NO_INDEX;
}

static uint32_t find_mapping(struct finder *f, uint64_t address)
{
	struct mapping *mappings = f->p->mappings;
	if (f->is_disjoint) {
		uint32_t found = find_sorted(f, address);
		if (found != NO_INDEX)
			return found;
	}
	f->comparisons += 2 * f->nreal;
	if (f->comparisons > max_comparisons)
		return NO_INDEX;
	for (uint32_t i = 0; i < f->nreal && !f->is_disjoint; i++) {
		if (mappings[i].start <= address && address < mappings[i].limit)
			return i;
	}
	if (f->p->nmappings > f->nreal && address < UINT64_MAX)
		return f->nreal; // the one for all the rest, once it is there
	// Some handlers leave out the first part of a mapping that was split.
	for (uint32_t i = 0; i < f->nreal; i++) {
		struct mapping *m = &mappings[i];
		if (m->offset && m->start - m->offset <= address && address < m->start) {
			m->start -= m->offset;
			m->offset = 0;
			f->is_disjoint = false;
			return i;
		}
	}
	return NO_INDEX;
}

void procmaps_assign(struct profile *p)
{
	fix_main_mapping(p);
	struct finder f = finder_create(p);
	uint32_t for_all = NO_INDEX;
	for (uint32_t i = 0; i < p->nlocations; i++) {
		struct location *l = &p->locations[i];
		if (l->mapping != NO_INDEX || !l->address)
			continue;
		l->mapping = find_mapping(&f, l->address);
		if (l->mapping != NO_INDEX)
			continue;
		if (for_all == NO_INDEX) // Go's old handlers wrote no mappings at all
			for_all = profile_add_mapping(p, (struct mapping){.limit = UINT64_MAX});
		l->mapping = for_all;
	}
	for (uint32_t i = 0; i < p->nmappings; i++)
		p->mappings[i].id = i + 1;
}
