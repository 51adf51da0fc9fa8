// SPDX-License-Identifier: MIT
// Hostile debug information, as our own readers take it: a line table whose strings may lie anywhere in the
// input; a unit whose abbreviations are the input's second part; and lists of ranges.
#include "format/line_table.h"
#include "tool/symbolizer/die_tree.h"
#include "tool/symbolizer/range_list.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_DEPTH = 64 };

static void read_lines(const uint8_t *data, size_t size)
{
	static const uint64_t pcs[] = {0, 1, 0x10, 0x1000, 0x1008, 0x1010, 0x401000, 0x401020, UINT64_MAX};
	enum { N = sizeof pcs / sizeof *pcs };
	struct reader all = reader_of(data, size);
	const struct line_sections sections = {all, all, all};
	struct line_table t;
	struct line_row rows[N] = {0};
	if (line_table_open(&sections, 0, &t)) {
		line_table_find(&t, pcs, N, rows);
		for (unsigned i = 0; i < N; i++) {
			if (rows[i].found && rows[i].address > pcs[i])
				__builtin_trap();
			line_table_file(&t, rows[i].file);
		}
	}
	uint64_t end = line_table_end(&sections, 0);
	if (end > size)
		__builtin_trap();
}

// Siblings are always further on.
static void walk(struct die_tree *t, const struct die *parent, int depth)
{
	struct die child;
	const uint8_t *last = parent->at;
	bool more = depth < MAX_DEPTH && die_first_child(t, parent, &child);
	for (; more; more = die_next_sibling(t, &child, &child)) {
		if (child.at <= last || child.end > t->unit.end)
			__builtin_trap();
		last = child.at;
		walk(t, &child, depth + 1);
	}
}

static void read_tree(const uint8_t *data, size_t size, size_t unit)
{
	struct arena a = {0};
	struct die_tree t;
	struct die root;
	if (die_tree_open(&a, reader_of(data, unit), reader_of(data + unit, size - unit), &t) &&
			die_read(&t, t.unit.at + 11, &root) == DIE_ENTRY)
		walk(&t, &root, 0);
	arena_deinit(&a);
}

static void read_ranges(const uint8_t *data, size_t size)
{
	for (unsigned version = 4; version <= 5; version++) {
		struct range_list list = range_list_at(reader_of(data, size), 0, version, 8, 0x1000);
		uint64_t begin, end;
		while (range_list_next(&list, &begin, &end))
			if (begin >= end)
				__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t first = (size_t)(data[0] | data[1] << 8) % (size - 1);
	read_lines(data + 2, size - 2);
	read_tree(data + 2, size - 2, first);
	read_ranges(data + 2, size - 2);
	return 0;
}
