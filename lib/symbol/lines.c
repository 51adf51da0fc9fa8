// SPDX-License-Identifier: MIT
// Context: CTL. See lines.h. There is no index: which table an address is in only .debug_info would tell, which is ten
// times as large.
#include "lines.h"

#include <errno.h>
#include <string.h>

#include "line_cache.h"
#include "line_sections.h"
#include "module_file.h"
#include "sigsafe/pagealloc.h"

enum { PATH_BYTES = 1024 };

/** Empty where there are none. */
static struct line_sections read_module(const struct cp_module *module)
{
	static int (*const opens[])(struct cp_elf *, const struct cp_module *) = {
			cp_module_file_open, cp_module_file_open_debug};
	struct line_sections s = {0};
	int ret = -ENOENT;
	for (size_t i = 0; i < sizeof(opens) / sizeof(*opens) && ret != 0; i++) {
		struct cp_elf elf;
		ret = opens[i](&elf, module);
		if (ret < 0)
			continue;
		ret = cp_line_sections_read(&elf, &s);
		cp_module_file_close(&elf);
	}
	return s;
}

static void run_tables(const struct line_sections *s, const uint64_t *pcs, uint32_t n, struct line_row *rows)
{
	struct line_table t;
	uint64_t end;
	for (uint64_t at = 0; (end = line_table_end(s, at)) != 0; at = end) {
		if (line_table_open(s, at, &t))
			line_table_find(&t, pcs, n, rows);
	}
}

/** Addresses of one module on their way to lines. */
struct search {
	const struct cp_module *module;
	const struct cp_symbol_query **queries; // those that nothing is known of yet
	uint64_t *pcs;                          // theirs
	struct line_row *rows;
	uint32_t n;
	cp_line_found *found;
	void *arg;
};

/** "/src/dir/file.c", cut where it is too long; its length. */
static size_t make_path(const struct line_file *file, char path[PATH_BYTES])
{
	const struct line_text parts[] = {file->directory, {"/", file->directory.len ? 1 : 0}, file->name};
	size_t len = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t n = parts[i].len < PATH_BYTES - len ? parts[i].len : PATH_BYTES - len;
		if (n)
			memcpy(path + len, parts[i].ptr, n);
		len += n;
	}
	return len;
}

/** The lines of the rows that were found, for who asked and for those to come. */
static void report(const struct search *x, const struct line_sections *s)
{
	for (uint32_t i = 0; i < x->n; i++) {
		struct line_table t;
		const struct line_row *row = &x->rows[i];
		char path[PATH_BYTES];
		size_t path_bytes = 0;
		uint32_t line = row->found && row->line > 0 && row->line <= INT32_MAX ? (uint32_t)row->line : 0;
		if (line && line_table_open(s, row->table, &t)) {
			struct line_file file = line_table_file(&t, row->file);
			path_bytes = make_path(&file, path);
		}
		line = path_bytes ? line : 0;
		cp_line_cache_add(x->module->id, x->pcs[i], line, path, path_bytes);
		if (line)
			x->found(x->arg, x->queries[i], path, path_bytes, line);
	}
}

static void search_tables(struct search *x)
{
	struct line_sections s = read_module(x->module); // without them nothing is found, and that is kept, too
	run_tables(&s, x->pcs, x->n, x->rows);
	report(x, &s);
	cp_line_sections_free(&s);
}

/** Reports what is known already; the rest is left in x. */
static void ask_cache(struct search *x, const struct cp_symbol_query *queries, size_t nqueries)
{
	for (size_t i = 0; i < nqueries; i++) {
		const struct cp_line *known = cp_line_cache_find(x->module->id, queries[i].vaddr);
		if (known && known->line)
			x->found(x->arg, &queries[i], known->path, known->path_bytes, known->line);
		if (known)
			continue;
		x->queries[x->n] = &queries[i];
		x->pcs[x->n++] = queries[i].vaddr;
	}
}

void cp_lines_find(const struct cp_module *module, const struct cp_symbol_query *queries, size_t nqueries,
		cp_line_found *found, void *arg)
{
	struct search x = {.module = module, .found = found, .arg = arg};
	size_t scratch_bytes = nqueries * (sizeof(*x.rows) + sizeof(*x.pcs) + sizeof(*x.queries));
	x.rows = nqueries && nqueries <= UINT32_MAX ? cp_pages_alloc(scratch_bytes) : NULL;
	if (!x.rows)
		return;
	x.pcs = (uint64_t *)(x.rows + nqueries);
	x.queries = (const struct cp_symbol_query **)(x.pcs + nqueries);
	ask_cache(&x, queries, nqueries);
	if (x.n)
		search_tables(&x);
	cp_pages_free(x.rows, scratch_bytes);
}
