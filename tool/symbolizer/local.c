// SPDX-License-Identifier: MIT
// See local.h. Mapping by mapping: open the binary, sort the addresses, look them all up at once, and
// put the frames into the profile.
#include "tool/symbolizer/local.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/path.h"
#include "base/str.h"
#include "tool/binutils/objfile.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/kernel.h"
#include "tool/symbolizer/lines.h"
#include "tool/symbolizer/perf_cache.h"
#include "tool/symbolizer/perfmap.h"
#include "tool/symbolizer/resolver.h"
#include "tool/symbolizer/vdso.h"

// A binary that knows none of a profile's addresses.
struct stranger {
	const char *name;
	uint32_t naddresses;
};

struct local {
	struct profile *profile;
	struct arena *arena;
	const struct symbolize_options *options;
	struct function_set functions;
	struct line *lines; // of one location, under construction
	uint32_t lines_cap;
	struct stranger *strangers;
	uint32_t nstrangers;
	bool names_only, force;
	bool binaries_missing, binaries_replaced;
};

static void warn(struct local *l, const char *name, const char *why)
{
	l->options->warn(l->options->arg,
			arena_printf(l->arena, "Local symbolization failed for %s: %s", name, why));
}

static bool is_http_url(struct str file)
{
	const char *colon = file.len ? memchr(file.ptr, ':', file.len) : NULL;
	return colon && memmem(file.ptr, (size_t)(colon - file.ptr), "http", 4);
}

static bool wants_symbols(const struct local *l, const struct mapping *m)
{
	return l->force || !(m->has_functions || m->has_filenames || m->has_line_numbers);
}

// The copy that perf record has made, where the file itself is gone or another.
static struct objfile *open_kept(struct local *l, const struct mapped_range *range, struct str build_id)
{
	struct objfile *f;
	const char *path = perf_cache_path(l->arena, build_id);
	bool is_it = path && !objfile_open(l->arena, path, range, &f) && str_eq(f->build_id, build_id);
	return is_it ? f : NULL;
}

// Opens the binary of a mapping that wants symbols; NULL where there is nothing to do or to be done.
static struct objfile *open_mapping(struct local *l, uint32_t index)
{
	struct profile *p = l->profile;
	const struct mapping *m = &p->mappings[index];
	struct str file = profile_str(p, m->file), build_id = profile_str(p, m->build_id);
	if (!wants_symbols(l, m))
		return NULL;
	if (file.len == 0) {
		if (index == 0)
			l->options->warn(l->options->arg, "Main binary filename not available.");
		else
			l->binaries_missing = true;
		return NULL;
	}
	if (mapping_is_unsymbolizable(p, m) || (build_id.len == 0 && is_http_url(file)))
		return NULL;

	struct str base = path_base(file);
	const char *name = arena_printf(l->arena, build_id.len ? "%.*s (build ID %.*s)" : "%.*s",
			STR_FMT(base), STR_FMT(build_id));
	struct mapped_range range = {m->start, m->limit, m->offset,
			m->kernel_relocation_symbol ? arena_strndup(l->arena,
				profile_str(p, m->kernel_relocation_symbol).ptr,
				profile_str(p, m->kernel_relocation_symbol).len) : NULL};
	struct objfile *f;
	struct err *e = objfile_open(l->arena, arena_strndup(l->arena, file.ptr, file.len), &range, &f);
	bool is_replaced = !e && build_id.len && f->build_id.len && !str_eq(build_id, f->build_id);
	struct objfile *kept = e || is_replaced ? open_kept(l, &range, build_id) : NULL;
	if (kept)
		return kept;
	if (e) {
		warn(l, name, e->message);
		l->binaries_missing = true;
		return NULL;
	}
	if (is_replaced) {
		warn(l, name, "build ID mismatch");
		l->binaries_replaced = true;
		return NULL;
	}
	return f;
}

struct wanted {
	uint64_t address; // at last in the file's numbering
	uint32_t location;
};

static int by_address(const void *x, const void *y)
{
	const struct wanted *s = x, *t = y;
	if (s->address != t->address)
		return s->address < t->address ? -1 : 1;
	return (s->location > t->location) - (s->location < t->location);
}

// The frames in the profile's terms. Returns whether anything was known.
static void put_frames(struct local *l, uint32_t location, struct frames frames)
{
	struct mapping *m = &l->profile->mappings[l->profile->locations[location].mapping];
	if (frames.n > l->lines_cap) {
		l->lines_cap = 2 * frames.n;
		l->lines = arena_array(l->arena, struct line, l->lines_cap);
	}
	for (uint32_t i = 0; i < frames.n; i++) {
		const struct frame *f = &frames.items[i];
		m->has_functions |= f->function.len != 0;
		m->has_filenames |= f->file.len != 0;
		m->has_line_numbers |= f->line != 0;
		l->lines[i] = (struct line){function_set_add(&l->functions, f), f->line, f->column};
	}
	m->has_inline_frames = true;
	location_set_lines(l->profile, location, l->lines, frames.n);
	l->profile->locations[location].is_folded = false;
}

// The addresses of one mapping, each once, and what was found.
struct batch {
	struct wanted *wanted; // by address
	uint32_t nwanted;
	uint64_t *addresses;
	struct frames *frames;
	uint32_t n;
};

static struct batch make_batch(struct local *l, struct wanted *wanted, uint32_t nwanted)
{
	struct batch b = {.wanted = wanted, .nwanted = nwanted};
	qsort(wanted, nwanted, sizeof *wanted, by_address);
	b.addresses = arena_array(l->arena, uint64_t, nwanted);
	for (uint32_t i = 0; i < nwanted; i++)
		if (i == 0 || wanted[i].address != wanted[i - 1].address)
			b.addresses[b.n++] = wanted[i].address;
	b.frames = arena_array(l->arena, struct frames, b.n);
	return b;
}

static void put_batch(struct local *l, const struct batch *b, const char *name)
{
	bool any = false;
	for (uint32_t i = 0, k = 0; i < b->nwanted; i++) {
		k += i > 0 && b->wanted[i].address != b->wanted[i - 1].address;
		if (b->frames[k].n == 0)
			continue;
		put_frames(l, b->wanted[i].location, b->frames[k]);
		any = true;
	}
	if (!any)
		l->strangers[l->nstrangers++] = (struct stranger){name, b->n};
}

static struct err *resolve(struct local *l, struct objfile *f, const char *name, struct wanted *wanted, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct err *e = objfile_address(l->arena, f, wanted[i].address, &wanted[i].address);
		if (e)
			return e;
	}
	struct batch b = make_batch(l, wanted, n);
	struct resolver_options options = {l->options->tools, l->options->debug_path, l->names_only};
	struct resolver *r = resolver_new(l->arena, f, &options);
	struct err *e = resolver_lookup(r, b.addresses, b.n, b.frames);
	struct err *shortcoming = e ? NULL : resolver_shortcoming(r);
	if (shortcoming)
		l->options->warn(l->options->arg, arena_printf(l->arena, "No debug information of %s: %s", f->path,
				shortcoming->message));
	if (!e)
		put_batch(l, &b, name);
	resolver_close(r);
	return e;
}

static void symbolize_file(struct local *l, uint32_t mapping, struct wanted *wanted, uint32_t n)
{
	struct objfile *f = open_mapping(l, mapping);
	struct err *e = f ? resolve(l, f, f->path, wanted, n) : NULL;
	if (e)
		warn(l, f->path, e->message);
}

// Of another kernel it is left as it is, without a word: its functions are few and small.
static void symbolize_vdso(struct local *l, const struct mapping *m, struct wanted *wanted, uint32_t n)
{
	struct str build_id = profile_str(l->profile, m->build_id);
	const struct mapped_range range = {m->start, m->limit, m->offset, NULL};
	const char *path;
	struct objfile *f;
	if (build_id.len == 0 || !str_eq(build_id, vdso_build_id(l->arena)))
		return;
	int fd = vdso_open(l->arena, &path);
	struct err *e = fd >= 0 ? objfile_open(l->arena, path, &range, &f) : NULL;
	if (fd >= 0 && !e)
		e = resolve(l, f, "[vdso]", wanted, n);
	if (e)
		warn(l, "[vdso]", e->message);
	if (fd >= 0)
		close(fd);
}

static void symbolize_kernel(struct local *l, uint32_t mapping, struct wanted *wanted, uint32_t n)
{
	struct profile *p = l->profile;
	const struct mapping *m = &p->mappings[mapping];
	struct batch b = make_batch(l, wanted, n);
	const struct kernel_image kernel = {profile_str(p, m->build_id),
			profile_str(p, m->kernel_relocation_symbol), m->offset};
	struct err *e = kernel_lookup(l->arena, &kernel, b.addresses, b.n, b.frames);
	if (e)
		warn(l, "[kernel.kallsyms]", e->message);
	else
		put_batch(l, &b, "[kernel.kallsyms]");
}

// The addresses of one mapping, of which nothing is looked for yet.
struct group {
	uint32_t mapping;
	const uint32_t *locations;
	uint32_t n;
};

static void add_wanted(const struct local *l, const struct group *g, struct wanted *wanted)
{
	for (uint32_t i = 0; i < g->n; i++)
		wanted[i] = (struct wanted){l->profile->locations[g->locations[i]].address, g->locations[i]};
}

// Whether it is code that a JIT compiler made: the map that has its names may be that of many mappings.
static bool is_generated(const struct local *l, const struct group *g)
{
	return perfmap_is_file(profile_str(l->profile, l->profile->mappings[g->mapping].file));
}

static void symbolize_group(struct local *l, const struct group *g)
{
	struct wanted *wanted = arena_array(l->arena, struct wanted, g->n);
	const struct mapping *m = &l->profile->mappings[g->mapping];
	add_wanted(l, g, wanted);
	struct str file = profile_str(l->profile, m->file);
	bool is_kernel = kernel_is_file(file);
	if (!is_kernel && !vdso_is_file(file))
		symbolize_file(l, g->mapping, wanted, g->n);
	else if (wants_symbols(l, m) && is_kernel)
		symbolize_kernel(l, g->mapping, wanted, g->n);
	else if (wants_symbols(l, m))
		symbolize_vdso(l, m, wanted, g->n);
}

// Those of one map, which is read once for all of them.
static void symbolize_generated(struct local *l, const struct group *groups, uint32_t ngroups)
{
	struct profile *p = l->profile;
	struct str file = profile_str(p, p->mappings[groups->mapping].file);
	uint32_t n = 0, max = 0;
	for (uint32_t i = 0; i < ngroups; i++)
		max += groups[i].n;
	struct wanted *wanted = arena_array(l->arena, struct wanted, max);
	for (uint32_t i = 0; i < ngroups; i++) {
		if (!wants_symbols(l, &p->mappings[groups[i].mapping]))
			continue;
		add_wanted(l, &groups[i], wanted + n);
		n += groups[i].n;
	}
	if (n == 0)
		return;
	const char *name = arena_strndup(l->arena, file.ptr, file.len);
	struct batch b = make_batch(l, wanted, n);
	struct err *e = perfmap_lookup(l->arena, file, b.addresses, b.n, b.frames);
	if (e)
		warn(l, name, e->message);
	else
		put_batch(l, &b, name);
}

static int by_file(const void *x, const void *y, void *arg)
{
	const struct profile *p = arg;
	const struct group *s = x, *t = y;
	strid file = p->mappings[s->mapping].file, other = p->mappings[t->mapping].file;
	if (file != other)
		return file < other ? -1 : 1;
	return (s->mapping > t->mapping) - (s->mapping < t->mapping);
}

static void symbolize_all_generated(struct local *l, struct group *groups, uint32_t n)
{
	const struct mapping *mappings = l->profile->mappings;
	qsort_r(groups, n, sizeof *groups, by_file, l->profile);
	for (uint32_t begin = 0, end; begin < n; begin = end) {
		strid file = mappings[groups[begin].mapping].file;
		for (end = begin + 1; end < n && mappings[groups[end].mapping].file == file;)
			end++;
		symbolize_generated(l, groups + begin, end - begin);
	}
}

static int by_addresses(const void *x, const void *y)
{
	const struct stranger *s = x, *t = y;
	return s->naddresses != t->naddresses ? (s->naddresses < t->naddresses ? 1 : -1) : strcmp(s->name, t->name);
}

// In one line: a profile of a whole machine has dozens of stripped programs.
static void tell_of_strangers(struct local *l)
{
	struct buf names = {0};
	if (l->nstrangers == 1)
		warn(l, l->strangers[0].name, arena_printf(l->arena,
				"none of its %u addresses is in its symbol table or debug information",
				l->strangers[0].naddresses));
	if (l->nstrangers < 2)
		return;
	qsort(l->strangers, l->nstrangers, sizeof(*l->strangers), by_addresses);
	for (uint32_t i = 0; i < l->nstrangers; i++)
		buf_printf(&names, "%s%s (%u)", i ? ", " : "", l->strangers[i].name, l->strangers[i].naddresses);
	warn(l, arena_printf(l->arena, "%u files", l->nstrangers), arena_printf(l->arena,
			"none of their addresses is in their symbol tables or debug information: %.*s", (int)names.len,
			names.ptr));
	buf_deinit(&names);
}

void local_symbolize(struct profile *p, struct arena *a, bool names_only, bool force,
		const struct symbolize_options *o)
{
	struct local l = {.profile = p, .arena = a, .options = o, .names_only = names_only,
			.force = force, .functions = {.profile = p, .arena = a},
			.strangers = arena_array(a, struct stranger, p->nmappings)};
	// Locations grouped by mapping, in the profile's order.
	uint32_t *end = arena_array(a, uint32_t, p->nmappings + 1);
	uint32_t *grouped = arena_array(a, uint32_t, p->nlocations);
	for (uint32_t i = 0; i < p->nlocations; i++)
		if (p->locations[i].mapping != NO_INDEX)
			end[p->locations[i].mapping + 1]++;
	for (uint32_t m = 0; m < p->nmappings; m++)
		end[m + 1] += end[m];
	for (uint32_t i = 0; i < p->nlocations; i++)
		if (p->locations[i].mapping != NO_INDEX)
			grouped[end[p->locations[i].mapping]++] = i;
	// end[m] is now where group m ends, and m + 1 begins.
	struct group *generated = arena_array(a, struct group, p->nmappings);
	uint32_t ngenerated = 0;
	for (uint32_t m = 0, begin = 0; m < p->nmappings; begin = end[m++]) {
		struct group group = {m, grouped + begin, end[m] - begin};
		if (group.n && is_generated(&l, &group))
			generated[ngenerated++] = group;
		else if (group.n)
			symbolize_group(&l, &group);
	}
	symbolize_all_generated(&l, generated, ngenerated);

	tell_of_strangers(&l);
	if (l.binaries_missing)
		o->warn(o->arg, "Some binary filenames not available. Symbolization may be incomplete.\n"
				"Try setting PPROF_BINARY_PATH to the search path for local binaries.");
	// Beside a profile of the new build this one would seem to have other functions.
	if (l.binaries_replaced)
		o->warn(o->arg, "Lines and inlined functions are missing where the binary has been rebuilt.\n"
				"Keep old ones as BUILD-ID/NAME in a directory of PPROF_BINARY_PATH "
				"(~/pprof/binaries).");
}
