// SPDX-License-Identifier: MIT
// Context: CTL. Functions, mappings and locations become bytes when a piece is written; see names.h.
//
// Functions are keyed by module and symbol address, not by name: two static functions of one name are
// two functions. Locations without a module keep their raw address.
#include "names.h"

#include <string.h>

#include "grow.h"
#include "symbol/marker.h"

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
	const struct cp_idkey *key = &n->locations.ids.keys[id - 1];
	struct profwrite_line line = {.function_id = function_id};
	struct profwrite_location l = {
			.id = id,
			.mapping_id = mapping_id,
			.address = key->space == (uint64_t)CP_SPACE_MARKER ? 0 : key->value,
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
static bool write_group(void *arg, uint64_t space, const struct cp_module *m,
		struct cp_symbol_query *queries, size_t nqueries)
{
	struct found_context *c = arg;
	uint32_t mapping_id = 0;
	c->module_id = (uint32_t)space;
	if (m) {
		mapping_id = write_mapping(c->names, m, c->sink);
		c->failed |= mapping_id == 0;
	}
	// A module whose file is gone keeps its addresses; pprof can still name them by build id.
	cp_locations_symbolize(&c->names->locations, space, m, queries, nqueries, on_found, c);
	for (size_t i = 0; i < nqueries && !c->failed; i++) {
		if (space == (uint64_t)CP_SPACE_MARKER) {
			const char *name = cp_marker_name((enum cp_marker)queries[i].vaddr);
			struct cp_idkey key = {space, queries[i].vaddr};
			queries[i].result = write_function(c->names, key, name, strlen(name), c->sink);
			c->failed |= queries[i].result == 0;
		}
		write_location(c->names, queries[i].id, mapping_id, queries[i].result, c->sink);
	}
	return !c->failed;
}

bool cp_names_write(struct cp_names *n, struct profwrite_sink *sink)
{
	struct found_context c = {.names = n, .sink = sink};
	if (!cp_locations_group(&n->locations, write_group, &c))
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
	cp_locations_free(&n->locations);
	cp_idmap_free(&n->functions);
	cp_idmap_free(&n->mappings);
}
