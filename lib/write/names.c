// SPDX-License-Identifier: MIT
// Context: CTL. While samples come, a location is only a number: a module and an address. Their names
// are looked up when a piece is written, all those of a module in one pass over its symbol table.
//
// Functions are keyed by module and symbol address, not by name: two static functions of one name are
// two functions. Locations without a module keep their raw address.
#include "names.h"

#include <string.h>

#include "grow.h"
#include "symbol/marker.h"
#include "symbol/symbolize.h"

// Spaces of location and function keys; below them are the modules' ids.
enum { SPACE_NO_MODULE = -1, SPACE_MARKER = -2 };

static const struct cp_module *find_module(struct cp_names *n, uintptr_t address, uint32_t epoch)
{
	const struct cp_module *m = n->last;
	if (m && n->last_epoch == epoch && address >= m->start && address < m->end)
		return m;
	m = cp_modmap_find_at(address, epoch);
	n->last = m;
	n->last_epoch = epoch;
	return m;
}

uint32_t cp_names_location(struct cp_names *n, uintptr_t pc, bool is_leaf, uint32_t epoch)
{
	struct cp_idkey key = {(uint64_t)SPACE_NO_MODULE, pc};
	bool is_new;
	if (pc > CP_MARKER_NONE && pc < CP_MARKER_COUNT) {
		key.space = (uint64_t)SPACE_MARKER;
	} else if (pc >= CP_MARKER_LIMIT) {
		key.value = is_leaf ? pc : pc - 1;
		const struct cp_module *m = find_module(n, key.value, epoch);
		if (m)
			key.space = m->id;
	}
	return cp_idmap_intern(&n->locations, key, &is_new);
}

static bool intern(struct cp_names *n, const char *str, uint64_t *index_out)
{
	return cp_strings_intern(&n->strings, str, strlen(str), index_out);
}

static bool intern_hex(struct cp_names *n, const uint8_t *bytes, size_t nbytes, uint64_t *index_out)
{
	char hex[2 * CP_BUILD_ID_MAX_BYTES];
	for (size_t i = 0; i < nbytes; i++) {
		hex[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	return cp_strings_intern(&n->strings, hex, 2 * nbytes, index_out);
}

/** The id of the module's mapping, written now if it is new. 0: no memory. */
static uint32_t write_mapping(struct cp_names *n, const struct cp_module *m, struct profwrite_sink *sink)
{
	bool is_new;
	uint32_t id = cp_idmap_intern(&n->mappings, (struct cp_idkey){0, m->id}, &is_new);
	if (!is_new)
		return id;
	// has_* stay false: pprof shows our names, and replaces them where it finds the binary.
	struct profwrite_mapping mapping = {
			.id = id,
			.start = m->start,
			.limit = m->end,
			.file_offset = m->file_offset,
	};
	if (!intern(n, m->path, &mapping.filename) ||
			!intern_hex(n, m->build_id, m->build_id_bytes, &mapping.build_id))
		return 0;
	profwrite_mapping(sink, &mapping);
	return id;
}

bool cp_names_write_main(struct cp_names *n, struct profwrite_sink *sink)
{
	uint64_t empty;
	if (!intern(n, "", &empty))
		return false;
	for (uint32_t i = 0; i < cp_modmap_count(); i++) {
		const struct cp_module *m = cp_modmap_module(i);
		if (m->is_main)
			return write_mapping(n, m, sink) != 0;
	}
	return true;
}

/** The id of the function, written now if it is new. 0: no memory. */
static uint32_t write_function(struct cp_names *n, struct cp_idkey key, const char *name, size_t len,
		struct profwrite_sink *sink)
{
	bool is_new;
	struct profwrite_function f = {.id = cp_idmap_intern(&n->functions, key, &is_new)};
	if (!is_new)
		return (uint32_t)f.id;
	if (!cp_strings_intern(&n->strings, name, len, &f.name))
		return 0;
	// Mangled in both: the reader demangles, and would not if they differed.
	f.system_name = f.name;
	profwrite_function(sink, &f);
	return (uint32_t)f.id;
}

static void write_location(const struct cp_names *n, uint32_t id, uint32_t mapping_id,
		uint32_t function_id, struct profwrite_sink *sink)
{
	const struct cp_idkey *key = &n->locations.keys[id - 1];
	struct profwrite_line line = {.function_id = function_id};
	struct profwrite_location l = {
			.id = id,
			.mapping_id = mapping_id,
			.address = key->space == (uint64_t)SPACE_MARKER ? 0 : key->value,
			.lines = &line,
			.nlines = function_id != 0,
	};
	profwrite_location(sink, &l);
}

struct found_context {
	struct cp_names *names;
	struct profwrite_sink *sink;
	uint32_t module_id;
	bool failed;
};

static void on_found(void *arg, struct cp_symbol_query *query, const char *name, size_t len)
{
	struct found_context *c = arg;
	struct cp_idkey key = {c->module_id, query->symbol.start};
	query->result = write_function(c->names, key, name, len, c->sink);
	c->failed |= query->result == 0;
}

/** The locations of one module, or of none. */
static bool write_group(struct cp_names *n, uint64_t space, struct cp_symbol_query *queries,
		size_t nqueries, struct profwrite_sink *sink)
{
	struct found_context c = {n, sink, (uint32_t)space, false};
	uint32_t mapping_id = 0;
	if (space < cp_modmap_count()) {
		const struct cp_module *m = cp_modmap_module((uint32_t)space);
		mapping_id = write_mapping(n, m, sink);
		for (size_t i = 0; i < nqueries; i++)
			queries[i].vaddr -= m->load_bias;
		// A module whose file is gone keeps its addresses; pprof can still name them by build id.
		cp_symbolize(m, queries, nqueries, on_found, &c);
		c.failed |= mapping_id == 0;
	}
	for (size_t i = 0; i < nqueries && !c.failed; i++) {
		if (space == (uint64_t)SPACE_MARKER) {
			const char *name = cp_marker_name((enum cp_marker)queries[i].vaddr);
			struct cp_idkey key = {space, queries[i].vaddr};
			queries[i].result = write_function(n, key, name, strlen(name), sink);
			c.failed |= queries[i].result == 0;
		}
		write_location(n, queries[i].id, mapping_id, queries[i].result, sink);
	}
	return !c.failed;
}

static bool is_before(const struct cp_names *n, const struct cp_symbol_query *a,
		const struct cp_symbol_query *b)
{
	uint64_t space_a = n->locations.keys[a->id - 1].space;
	uint64_t space_b = n->locations.keys[b->id - 1].space;
	return space_a != space_b ? space_a < space_b : a->vaddr < b->vaddr;
}

static void swap(struct cp_symbol_query *a, struct cp_symbol_query *b)
{
	struct cp_symbol_query old = *a;
	*a = *b;
	*b = old;
}

static void sift_down(const struct cp_names *n, struct cp_symbol_query *q, size_t root, size_t count)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && is_before(n, &q[child], &q[child + 1]))
			child++;
		if (!is_before(n, &q[root], &q[child]))
			return;
		swap(&q[root], &q[child]);
	}
}

/** By module, then by address. Heapsort: qsort() may call malloc. */
static void sort(const struct cp_names *n, struct cp_symbol_query *q, size_t count)
{
	for (size_t i = count / 2; i-- > 0;)
		sift_down(n, q, i, count);
	for (size_t i = count; i-- > 1;) {
		swap(&q[0], &q[i]);
		sift_down(n, q, 0, i);
	}
}

static bool write_locations(struct cp_names *n, struct profwrite_sink *sink)
{
	size_t count = n->locations.count - n->locations_written;
	void *mem = NULL;
	size_t mem_bytes = 0;
	if (count == 0)
		return true;
	if (!cp_grow(&mem, &mem_bytes, count * sizeof(struct cp_symbol_query)))
		return false;
	struct cp_symbol_query *queries = mem;
	for (size_t i = 0; i < count; i++) {
		queries[i].id = n->locations_written + (uint32_t)i + 1;
		queries[i].vaddr = n->locations.keys[queries[i].id - 1].value;
	}
	sort(n, queries, count);
	bool ok = true;
	for (size_t i = 0, end; i < count && ok; i = end) {
		uint64_t space = n->locations.keys[queries[i].id - 1].space;
		for (end = i + 1; end < count; end++) {
			if (n->locations.keys[queries[end].id - 1].space != space)
				break;
		}
		ok = write_group(n, space, queries + i, end - i, sink);
	}
	n->locations_written = n->locations.count;
	cp_grow_free(&mem, &mem_bytes);
	return ok;
}

bool cp_names_write(struct cp_names *n, struct profwrite_sink *sink)
{
	if (!write_locations(n, sink))
		return false;
	const struct cp_strings *t = &n->strings;
	for (; n->strings_written < t->count; n->strings_written++) {
		const struct cp_string_entry *e = &t->entries[n->strings_written];
		profwrite_string(sink, t->bytes + e->offset, e->len);
	}
	return !sink->failed;
}

void cp_names_free(struct cp_names *n)
{
	cp_strings_free(&n->strings);
	cp_idmap_free(&n->locations);
	cp_idmap_free(&n->functions);
	cp_idmap_free(&n->mappings);
}
