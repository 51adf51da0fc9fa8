// SPDX-License-Identifier: MIT
// See conversion.h. Keeps track of the processes, and adds each sample to the profile; equal stacks of one thread
// are one sample.
#include "tool/perfdata/conversion.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "base/hash.h"
#include "tool/profile/profile.h"
#include "tool/symbolizer/kernel.h"
#include "tool/symbolizer/vdso.h"

enum {
	CPUMODE_KERNEL = 1,
	CPUMODE_USER = 2,
	CPUMODE_MASK = 7,
	MAX_DUMP_FRAMES = 4096,
};

static bool is_generated_code(struct str file)
{
	static const struct str prefixes[] = {STR("//anon"), STR("[anon:"), STR("/anon_hugepage"),
			STR("/memfd:doublemapper"), STR("/dev/zero"), STR("/SYSV"), STR("[heap]"), STR("[stack")};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (str_has_prefix(file, prefixes[i]))
			return true;
	return false;
}

// perf record -z and -B tell no build ids. Of the kernel the host's name, the release and the address, which is another
// after each boot, say as much; the address is looked at where names are.
static bool is_of_this_kernel(const struct conversion *c)
{
	struct utsname here;
	return c->cfi.is_of_here || (uname(&here) == 0 && str_eq(c->file.host, str_from(here.nodename)) &&
			str_eq(c->file.release, str_from(here.release)));
}

static struct str build_id_of(struct conversion *c, const struct address_range *r)
{
	struct str id = r->build_id.len ? r->build_id : perf_build_id_of(c->arena, &c->file, r->file);
	if (id.len == 0 && kernel_is_file(r->file) && is_of_this_kernel(c))
		id = kernel_running_build_id(c->arena);
	else if (id.len == 0 && vdso_is_file(r->file) && is_of_this_kernel(c))
		id = vdso_build_id(c->arena);
	return id;
}

static struct mapping describe_mapping(struct conversion *c, const struct address_range *r)
{
	struct profile *p = c->profile;
	struct str file = r->file;
	// As perf calls it: where its names are. Two processes may have other code at the same addresses.
	if (is_generated_code(file))
		file = str_from(arena_printf(c->arena, "/tmp/perf-%u.map", r->pid));
	struct mapping m = {.start = r->start, .limit = r->limit, .offset = r->offset,
			.file = profile_intern(p, file)};
	m.build_id = profile_intern(p, build_id_of(c, r));
	if (str_has_prefix(r->file, STR("[kernel.kallsyms]")))
		m.kernel_relocation_symbol = profile_intern(p, str_slice(r->file, 17, r->file.len));
	return m;
}

// Every process has a library elsewhere. It is one mapping, as of profiles that are merged, for its names are looked
// for mapping by mapping: of a whole system's recording that took as many times as long as there were processes.
static bool may_be_elsewhere(const struct address_range *r)
{
	return r->pid != KERNEL_PID && (str_has_prefix(r->file, STR("/")) || vdso_is_file(r->file)) &&
			!is_generated_code(r->file);
}

static uint32_t mapping_of(struct conversion *c, struct address_range *r)
{
	if (!r || r->mapping != NO_MAPPING)
		return r ? r->mapping : NO_INDEX;
	struct profile *p = c->profile;
	struct mapping m = describe_mapping(c, r);
	uint64_t fixed_start = may_be_elsewhere(r) ? 0 : m.start;
	uint64_t hash = hash_mix(hash_mix(fixed_start, m.limit - m.start), hash_mix(m.offset, m.file));
	struct hash_probe probe = hash_index_probe(&c->mappings, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		const struct mapping *x = &p->mappings[i];
		if ((x->start == m.start || !fixed_start) && x->limit - x->start == m.limit - m.start &&
				x->offset == m.offset && x->file == m.file && x->build_id == m.build_id)
			return r->mapping = i;
	}
	m.id = p->nmappings + 1;
	r->mapping = profile_add_mapping(p, m);
	hash_index_add(&c->mappings, hash, r->mapping);
	return r->mapping;
}

static uint32_t location_of(struct conversion *c, uint32_t mapping, uint64_t address)
{
	struct profile *p = c->profile;
	uint64_t hash = hash_mix(address, mapping);
	struct hash_probe probe = hash_index_probe(&c->locations, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE)
		if (p->locations[i].address == address && p->locations[i].mapping == mapping)
			return i;
	struct location l = {.id = p->nlocations + 1, .address = address, .mapping = mapping};
	i = profile_add_location(p, l, NULL, 0);
	hash_index_add(&c->locations, hash, i);
	return i;
}

static void push_frame(struct conversion *c, uint32_t pid, bool in_kernel, uint64_t address, bool is_return)
{
	if (c->nstack == MAX_STACK)
		return;
	if (is_return && address > 0) // the call is before it
		address--;
	struct address_range *r = process_range(&c->processes, in_kernel ? KERNEL_PID : pid, address);
	if (r && r->is_data) // a chain that has left the stack: there is no code
		r = NULL;
	uint32_t mapping = mapping_of(c, r);
	if (r)
		address += c->profile->mappings[mapping].start - r->start;
	c->stack[c->nstack++] = location_of(c, mapping, address);
}

// Named as libcprof does: what is missing stands where it is missing.
static void push_marker(struct conversion *c, enum unwind_end end)
{
	struct profile *p = c->profile;
	if (c->nstack == MAX_STACK)
		return;
	if (c->markers[end] == NO_INDEX) {
		struct str name = end == UNWIND_DUMP_END ? STR("[truncated: deeper than is kept]")
							 : STR("[cut: no unwind information]");
		c->markers[end] = profile_add_marker(p, name);
	}
	c->stack[c->nstack++] = c->markers[end];
}

// The program's part of a chain is what the kernel could make of frame pointers: the tables know better.
static void walk_dump(struct conversion *c, const struct perf_sample *s, bool began_in_kernel)
{
	uint64_t addresses[MAX_DUMP_FRAMES] = {s->ip};
	enum unwind_end end = UNWIND_NO_RULE;
	uint32_t n = !began_in_kernel;
	if (!s->is_foreign)
		n = unwind_dump(&c->cfi, &c->processes, s, addresses, MAX_DUMP_FRAMES, &end);
	for (uint32_t i = 0; i < n; i++)
		push_frame(c, s->pid, false, addresses[i], false);
	c->nends[end]++;
	if (end != UNWIND_WHOLE)
		push_marker(c, end);
}

// The chain with its marks: from here on the kernel's addresses, from here on the program's.
static void collect_stack(struct conversion *c, const struct perf_record *r, const struct perf_sample *s)
{
	const bool began_in_kernel = (r->misc & CPUMODE_MASK) == CPUMODE_KERNEL, has_dump = s->registers && s->stack;
	// Where the kernel was entered it was not called: that may be a fault of a function's first instruction.
	bool in_kernel = began_in_kernel, is_return = false;
	struct reader chain = reader_of(s->chain, 8 * s->nchain);
	c->nstack = 0;
	while (reader_left(&chain) >= 8) {
		uint64_t address = read_u64(&chain);
		if (address >= (uint64_t)PERF_CONTEXT_MAX) {
			in_kernel = address == (uint64_t)PERF_CONTEXT_KERNEL;
			is_return = false;
			continue;
		}
		if (address && (in_kernel || !has_dump)) // 0 ends a chain the kernel could not follow
			push_frame(c, s->pid, in_kernel, address, is_return);
		is_return = true;
	}
	if (has_dump)
		walk_dump(c, s, began_in_kernel);
	if (c->nstack == 0)
		push_frame(c, s->pid, in_kernel, s->ip, false);
}

static uint32_t label_set_of(struct conversion *c, const struct perf_sample *s)
{
	struct str comm = thread_name(&c->processes, s->tid);
	if (comm.len == 0) // it started before perf did
		comm = thread_name(&c->processes, s->pid);
	if (comm.len == 0 && s->tid == 0) // a processor's idle thread: it never started
		comm = STR("swapper");
	struct label labels[] = {
			{.key = c->pid, .num = (int32_t)s->pid, .is_num = true}, // -1: it has ended meanwhile
			{.key = c->tid, .num = (int32_t)s->tid, .is_num = true},
			{.key = c->comm, .str = profile_intern(c->profile, comm)},
	};
	return profile_intern_labels(c->profile, labels, comm.len ? 3 : 2);
}

static void add_stack(struct conversion *c, uint32_t labels)
{
	struct profile *p = c->profile;
	uint64_t hash = hash_mix(hash_bytes(c->stack, c->nstack * sizeof *c->stack), labels);
	struct hash_probe probe = hash_index_probe(&c->samples, hash);
	uint32_t i;
	while ((i = hash_index_next(&probe)) != HASH_INDEX_NONE) {
		struct stack stack = profile_stack(p, i);
		if (stack.n != c->nstack || profile_label_set(p, i) != labels ||
				memcmp(stack.locs, c->stack, stack.n * sizeof *stack.locs) != 0)
			continue;
		columns_add(&c->columns, p->values + (size_t)i * p->nsample_types);
		return;
	}
	uint64_t values_bytes = (p->nsamples + UINT64_C(1)) * p->nsample_types * sizeof *c->values;
	if ((c->is_too_large |= values_bytes > columns_max_bytes(&c->columns)))
		return;
	memset(c->values, 0, p->nsample_types * sizeof *c->values);
	columns_add(&c->columns, c->values);
	hash_index_add(&c->samples, hash, p->nsamples);
	profile_add_sample(p, c->stack, c->nstack, c->values, labels);
}

static void add_sample(struct conversion *c, const struct perf_record *r)
{
	struct perf_sample s;
	if (!perf_sample_parse(&c->file, r, &s)) {
		c->nbad++;
		return;
	}
	c->nsamples++;
	if (!perf_event_is_off_cpu(&c->file.events[s.event])) {
		c->first_ns = c->first_ns ? c->first_ns : s.time_ns;
		c->last_ns = s.time_ns;
	}
	if (!columns_count(&c->columns, &s))
		return;
	collect_stack(c, r, &s);
	add_stack(c, label_set_of(c, &s));
}

static void count_lost(struct conversion *c, const struct perf_record *r)
{
	struct reader body = r->body;
	if (r->type == PERF_RECORD_LOST)
		read_u64(&body); // id
	c->nlost += read_u64(&body);
}

static bool is_program(struct str file, struct str comm)
{
	const char *slash = file.len ? memrchr(file.ptr, '/', file.len) : NULL;
	struct str base = slash ? str_slice(file, (size_t)(slash + 1 - file.ptr), file.len) : (struct str){0};
	return comm.len && str_has_prefix(base, comm); // comm has at most 15 bytes
}

// The profile's first mapping names it: the program that has most of the samples.
static void put_program_first(struct conversion *c)
{
	struct profile *p = c->profile;
	int64_t *weight = arena_array(c->arena, int64_t, p->nmappings);
	uint32_t best = 0;
	for (uint32_t i = 0; i < p->nsamples; i++) {
		struct stack stack = profile_stack(p, i);
		struct label_set set = p->label_sets[profile_label_set(p, i)];
		struct str comm = profile_str(p, p->labels[set.begin].str); // string labels come first
		for (uint32_t k = stack.n; k-- > 0;) {
			uint32_t m = p->locations[stack_loc(stack, k)].mapping;
			if (m == NO_INDEX || !is_program(profile_str(p, p->mappings[m].file), comm))
				continue;
			weight[m] += profile_values(p, i)[0];
			break;
		}
	}
	for (uint32_t m = 1; m < p->nmappings; m++)
		best = weight[m] > weight[best] ? m : best;
	if (best > 0)
		profile_put_mapping_first(p, best);
}

static void add_comments(struct conversion *c)
{
	struct profile *p = c->profile;
	struct str line = c->file.command_line;
	if (line.len)
		profile_add_comment(p, str_from(arena_printf(c->arena, "recorded by: %.*s", STR_FMT(line))));
	if (c->nlost)
		profile_add_comment(p, str_from(arena_printf(c->arena, "lost: %lu events that perf could not "
				"write in time", c->nlost)));
	if (c->processes.nforgotten)
		profile_add_comment(p, str_from(arena_printf(c->arena, "left out: %lu mappings, there are too many",
				c->processes.nforgotten)));
	uint64_t ncut = c->nends[UNWIND_DUMP_END], nlawless = c->nends[UNWIND_NO_RULE];
	if (ncut + nlawless)
		profile_add_comment(p, str_from(arena_printf(c->arena, "stacks: %lu of %lu are not whole: %lu go on "
				"behind what was copied of them, %lu met code without unwind tables",
				ncut + nlawless, ncut + nlawless + c->nends[UNWIND_WHOLE], ncut, nlawless)));
	if (c->file.left_bytes)
		profile_add_comment(p, str_from(arena_printf(c->arena, "left out: the last %zu bytes, which are no "
				"whole record: was it cut short?", c->file.left_bytes)));
	if (c->nbad)
		profile_add_comment(p, str_from(arena_printf(c->arena, "left out: %lu samples that could not be "
				"read", c->nbad)));
}

void conversion_begin(struct conversion *c, struct arena *a)
{
	struct profile *p = c->profile = profile_create();
	c->arena = c->cfi.arena = a;
	processes_init(&c->processes, a);
	c->cfi.file = &c->file;
	c->comm = profile_intern(p, STR("comm"));
	c->pid = profile_intern(p, STR("pid"));
	c->tid = profile_intern(p, STR("tid"));
	for (int i = 0; i < UNWIND_NENDS; i++)
		c->markers[i] = NO_INDEX;
	columns_init(&c->columns, a, &c->file, p);
	c->values = arena_array(a, int64_t, p->nsample_types);
}

void conversion_add(struct conversion *c, const struct perf_record *r)
{
	if (r->type == PERF_RECORD_SAMPLE)
		add_sample(c, r);
	else if (r->type == PERF_RECORD_LOST || r->type == PERF_RECORD_LOST_SAMPLES)
		count_lost(c, r);
	else
		processes_update(&c->processes, r);
}

struct profile *conversion_end(struct conversion *c)
{
	c->profile->duration_nanos = (int64_t)(c->last_ns - c->first_ns);
	put_program_first(c);
	add_comments(c);
	return c->profile;
}

void conversion_deinit(struct conversion *c)
{
	processes_deinit(&c->processes);
	columns_deinit(&c->columns);
	cfi_tables_deinit(&c->cfi);
	hash_index_deinit(&c->locations);
	hash_index_deinit(&c->mappings);
	hash_index_deinit(&c->samples);
}
