// SPDX-License-Identifier: MIT
// Trying the old formats in turn, and what their parsers share. See legacy.h.
#include "tool/profile/legacy.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/libm.h"
#include "base/mem.h"

struct err *legacy_other(struct legacy *l)
{
	l->is_other = true;
	return NULL;
}

struct err *legacy_lines_error(struct legacy *l, const struct textlines *lines)
{
	return lines->is_too_long ? err_new(l->arena, "bufio.Scanner: token too long") : NULL;
}

void legacy_set_types(struct legacy *l, const char *const (*types)[2], uint32_t n)
{
	struct value_type out[4];
	for (uint32_t i = 0; i < n; i++) {
		out[i].type = profile_intern(l->p, str_from(types[i][0]));
		out[i].unit = profile_intern(l->p, str_from(types[i][1]));
	}
	profile_set_sample_types(l->p, out, n);
}

void legacy_set_period(struct legacy *l, const char *type, const char *unit, int64_t period)
{
	l->p->period_type.type = profile_intern(l->p, str_from(type));
	l->p->period_type.unit = profile_intern(l->p, str_from(unit));
	l->p->has_period_type = true;
	l->p->period = period;
}

void legacy_begin_stack(struct legacy *l)
{
	l->nstack = 0;
}

void legacy_add_frame(struct legacy *l, uint64_t address)
{
	uint32_t location = idmap_get(&l->location_of, address);
	if (location == IDMAP_NONE) {
		location = profile_add_location(l->p,
				(struct location){.address = address, .mapping = NO_INDEX}, NULL, 0);
		idmap_set(&l->location_of, address, location);
	}
	l->stack = mem_grow(l->stack, &l->stack_cap, l->nstack + 1, sizeof(*l->stack));
	l->stack[l->nstack++] = location;
}

static bool is_lower_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

struct err *legacy_add_hex_frames(struct legacy *l, struct str text, unsigned leaf_adjust,
		unsigned caller_adjust)
{
	for (size_t at = 0; at + 2 < text.len; at++) {
		if (text.ptr[at] != '0' || text.ptr[at + 1] != 'x' || !is_lower_hex(text.ptr[at + 2]))
			continue;
		size_t end = at + 2;
		uint64_t address = 0;
		bool fits = true;
		for (; end < text.len && is_lower_hex(text.ptr[end]); end++) {
			char c = text.ptr[end];
			fits = fits && !(address >> 60);
			address = address << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
		}
		if (!fits)
			return err_new(l->arena, "failed to parse as hex 64-bit number: %.*s", (int)(end - at),
					text.ptr + at);
		legacy_add_frame(l, address - (l->nstack ? caller_adjust : leaf_adjust));
		at = end - 1;
	}
	return NULL;
}

void legacy_add_sample(struct legacy *l, const int64_t *values, uint32_t label_set)
{
	profile_add_sample(l->p, l->stack, l->nstack, values, label_set);
}

uint32_t legacy_bytes_label(struct legacy *l, int64_t size)
{
	struct label label = {.key = profile_intern(l->p, STR("bytes")), .num = size, .is_num = true};
	return profile_intern_labels(l->p, &label, 1);
}

void legacy_unsample(int64_t *count, int64_t *size, int64_t rate)
{
	if (!*count || !*size) {
		*count = *size = 0;
		return;
	}
	if (rate <= 1)
		return; // all was recorded, or nobody knows
	double mean_size = (double)*size / (double)*count;
	double scale = 1 / (1 - libm()->exp(-mean_size / (double)rate));
	*count = (int64_t)((double)*count * scale);
	*size = (int64_t)((double)*size * scale);
}

void legacy_drop_double_leaf(struct legacy *l)
{
	struct profile *p = l->p;
	for (uint32_t i = 0; i < p->nsamples; i++) {
		uint32_t *stack = p->locs + p->loc_begin[i];
		if (p->loc_end[i] - p->loc_begin[i] > 1 &&
				p->locations[stack[0]].address == p->locations[stack[1]].address + 1) {
			stack[1] = stack[0];
			p->loc_begin[i]++;
		}
	}
}

// Frames of the measuring itself, by kind of profile, to be hidden: parts of one regexp each.
static const char *const allocator_frames[] = {
	"calloc", "cfree", "malloc", "free", "memalign", "do_memalign", "(__)?posix_memalign", "pvalloc", "valloc",
	"realloc", "tcmalloc::.*", "tc_calloc", "tc_cfree", "tc_malloc", "tc_free", "tc_memalign", "tc_posix_memalign",
	"tc_pvalloc", "tc_valloc", "tc_realloc", "tc_new", "tc_delete", "tc_newarray", "tc_deletearray",
	"tc_new_nothrow", "tc_newarray_nothrow", "malloc_zone_malloc", "malloc_zone_calloc", "malloc_zone_valloc",
	"malloc_zone_realloc", "malloc_zone_memalign", "malloc_zone_free", "runtime\\..*", "BaseArena::.*",
	"(::)?do_malloc_no_errno", "(::)?do_malloc_pages", "(::)?do_malloc", "DoSampledAllocation",
	"MallocedMemBlock::MallocedMemBlock", "_M_allocate", "__builtin_(vec_)?delete", "__builtin_(vec_)?new",
	"__gnu_cxx::new_allocator::allocate", "__libc_malloc", "__malloc_alloc_template::allocate", "allocate",
	"cpp_alloc", "operator new(\\[\\])?", "simple_alloc::allocate", NULL};
static const char *const kept_allocator_frames[] = {"runtime\\.panic", "runtime\\.reflectcall",
	"runtime\\.call[0-9]*", NULL};
static const char *const profiler_frames[] = {"ProfileData::Add", "ProfileData::prof_handler",
	"CpuProfiler::prof_handler", "__pthread_sighandler", "__restore", NULL};
static const char *const lock_frames[] = {
	"RecordLockProfileData", "(base::)?RecordLockProfileData.*", "(base::)?SubmitMutexProfileData.*",
	"(base::)?SubmitSpinLockProfileData.*", "(base::Mutex::)?AwaitCommon.*", "(base::Mutex::)?Unlock.*",
	"(base::Mutex::)?UnlockSlow.*", "(base::Mutex::)?ReaderUnlock.*", "(base::MutexLock::)?~MutexLock.*",
	"(Mutex::)?AwaitCommon.*", "(Mutex::)?Unlock.*", "(Mutex::)?UnlockSlow.*", "(Mutex::)?ReaderUnlock.*",
	"(MutexLock::)?~MutexLock.*", "(SpinLock::)?Unlock.*", "(SpinLock::)?SlowUnlock.*",
	"(SpinLockHolder::)?~SpinLockHolder.*", NULL};

static strid intern_joined(struct profile *p, const char *const *parts)
{
	struct buf joined = {0};
	for (; *parts; parts++) {
		if (joined.len)
			buf_byte(&joined, '|');
		buf_cstr(&joined, *parts);
	}
	strid id = profile_intern(p, (struct str){joined.ptr, joined.len});
	buf_deinit(&joined);
	return id;
}

static bool has_types(const struct profile *p, const char *const *types)
{
	uint32_t i = 0;
	for (; i < p->nsample_types && types[i]; i++) {
		if (!str_eq(profile_str(p, p->sample_types[i].type), str_from(types[i])))
			return false;
	}
	return i == p->nsample_types && !types[i];
}

static void set_uninteresting(struct profile *p)
{
	static const char *const heaps[][5] = {{"allocations", "size"}, {"objects", "space"},
			{"inuse_objects", "inuse_space"}, {"alloc_objects", "alloc_space"},
			{"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"}};
	static const char *const contention[] = {"contentions", "delay", NULL};
	for (unsigned i = 0; i < sizeof(heaps) / sizeof(*heaps); i++) {
		if (has_types(p, heaps[i])) {
			p->drop_frames = intern_joined(p, allocator_frames);
			p->keep_frames = intern_joined(p, kept_allocator_frames);
			return;
		}
	}
	p->drop_frames = intern_joined(p, has_types(p, contention) ? lock_frames : profiler_frames);
}

struct err *parse_legacy(struct arena *a, struct str data, struct profile **profile_out)
{
	static legacy_parser *const parsers[] = {parse_legacy_cpu, parse_legacy_heap, parse_legacy_jemalloc,
			parse_legacy_count, parse_legacy_thread, parse_legacy_contention, parse_legacy_java};
	for (unsigned i = 0; i < sizeof(parsers) / sizeof(*parsers); i++) {
		struct legacy l = {.arena = a, .p = profile_create(), .data = data};
		idmap_init(&l.location_of, 0);
		struct err *err = parsers[i](&l);
		idmap_deinit(&l.location_of);
		free(l.stack);
		if (!err && !l.is_other) {
			set_uninteresting(l.p);
			*profile_out = l.p;
			return NULL;
		}
		profile_destroy(l.p);
		if (err)
			return err;
	}
	bool is_elf = str_has_prefix(data, STR("\x7f" "ELF"));
	return err_new(a, "unrecognized profile format%s", is_elf ? " (a program; cprof run makes its profile)" : "");
}
