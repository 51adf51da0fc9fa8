// SPDX-License-Identifier: MIT
// What cp_profile_out_*() writes, read back field by field. The module map is made here: this program
// as it is loaded, and one made-up module whose file does not exist.
#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "format/pb.h"
#include "sigsafe/modmap.h"
#include "twin.h"
#include "unit.h"
#include "write/profile_out.h"

enum { EPOCH = 7, MAX_BYTES = 1 << 20 };

static struct cp_module modules[2];

static int take_main(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct cp_module *m = arg;
	static char path[4096];
	ck_assert_int_gt(readlink("/proc/self/exe", path, sizeof(path) - 1), 0);
	*m = (struct cp_module){.path = path, .load_bias = info->dlpi_addr, .is_main = true, .id = 1};
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		if (p->p_type == PT_LOAD && (p->p_flags & PF_X)) {
			m->start = info->dlpi_addr + p->p_vaddr;
			m->end = m->start + p->p_memsz;
			m->file_offset = p->p_offset;
		}
	}
	return 1; // the program comes first
}

static void setup(void)
{
	modules[0] = (struct cp_module){.start = 0x10000, .end = 0x20000, .path = "/nowhere/libgone.so",
			.build_id = {0xab, 0xcd, 0x0f}, .build_id_bytes = 3, .id = 0};
	dl_iterate_phdr(take_main, &modules[1]);
}

const struct cp_module *cp_modmap_find_at(uintptr_t pc, uint32_t epoch)
{
	ck_assert_uint_eq(epoch, EPOCH);
	for (int i = 0; i < 2; i++) {
		if (pc >= modules[i].start && pc < modules[i].end)
			return &modules[i];
	}
	return NULL;
}

uint32_t cp_modmap_count(void)
{
	return 2;
}

const struct cp_module *cp_modmap_module(uint32_t id)
{
	return &modules[id];
}

// What was written: gzip members, one after another.
struct sink {
	uint8_t bytes[MAX_BYTES];
	size_t len;
	int calls, error;
};

static int sink_write(void *arg, const void *data, size_t size)
{
	struct sink *s = arg;
	s->calls++;
	if (s->error)
		return s->error;
	ck_assert_uint_le(s->len + size, sizeof(s->bytes));
	memcpy(s->bytes + s->len, data, size);
	s->len += size;
	return 0;
}

static struct sink out;
static uint8_t message[MAX_BYTES];

/** The members' contents, joined, as a field reader. */
static struct pb_reader gunzip(void)
{
	z_stream z = {.next_in = out.bytes, .avail_in = (unsigned)out.len, .next_out = message,
			.avail_out = sizeof(message)};
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	while (z.avail_in) {
		ck_assert_int_eq(inflate(&z, Z_NO_FLUSH), Z_STREAM_END);
		ck_assert_int_eq(inflateReset(&z), Z_OK);
	}
	struct pb_reader r = {message, z.next_out};
	inflateEnd(&z);
	return r;
}

static int count_fields(unsigned number)
{
	struct pb_reader r = gunzip();
	struct pb_field f;
	int n = 0;
	while (pb_get_field(&r, &f))
		n += f.number == number;
	ck_assert_ptr_eq(r.at, r.end);
	return n;
}

/** The nth field of that number in a message. */
static struct pb_field nth(struct pb_reader r, unsigned number, int n)
{
	struct pb_field f;
	while (pb_get_field(&r, &f)) {
		if (f.number == number && n-- == 0)
			return f;
	}
	ck_abort_msg("field %u is not there", number);
}

static struct pb_reader inside(struct pb_field f)
{
	return (struct pb_reader){f.bytes, f.bytes + f.nbytes};
}

static uint64_t int_in(struct pb_reader r, unsigned number)
{
	struct pb_field f;
	uint64_t value = 0;
	while (pb_get_field(&r, &f)) {
		if (f.number == number)
			value = f.value;
	}
	return value;
}

static const char *string_at(uint64_t index)
{
	static char text[2048];
	struct pb_field f = nth(gunzip(), 6, (int)index);
	ck_assert_uint_lt(f.nbytes, sizeof(text));
	memcpy(text, f.bytes, f.nbytes);
	text[f.nbytes] = '\0';
	return text;
}

/** The location of a sample's nth frame. */
static struct pb_reader location_of(int sample, int frame)
{
	struct pb_reader packed = inside(nth(inside(nth(gunzip(), 2, sample)), 1, 0));
	uint64_t id = 0;
	for (int i = 0; i <= frame; i++)
		ck_assert(pb_get_varint(&packed, &id));
	for (int i = 0;; i++) {
		struct pb_reader l = inside(nth(gunzip(), 4, i));
		if (int_in(l, 1) == id)
			return l;
	}
}

/** "" where the location has no line. */
static const char *name_of(struct pb_reader location)
{
	struct pb_field f;
	while (pb_get_field(&location, &f)) {
		if (f.number != 4)
			continue;
		uint64_t id = int_in(inside(f), 1);
		for (int i = 0;; i++) {
			struct pb_reader function = inside(nth(gunzip(), 5, i));
			if (int_in(function, 1) == id) {
				ck_assert_uint_eq(int_in(function, 2), int_in(function, 3));
				return string_at(int_in(function, 2));
			}
		}
	}
	return "";
}

static const struct cp_profile_spec spec = {
		.sample_types = {{"samples", "count"}, {"cpu", "nanoseconds"}},
		.nsample_types = 2,
		.period_type = {"cpu", "nanoseconds"},
		.period = 10000000,
		.time_ns = 1700000000000000000,
};

static struct cp_profile_out *begin(void)
{
	struct cp_profile_out *o;
	setup();
	memset(&out, 0, sizeof(out));
	ck_assert_int_eq(cp_profile_out_begin(&o, &spec,
			(struct cprof_writer){.write = sink_write, .arg = &out}), 0);
	return o;
}

static int sample(struct cp_profile_out *o, const uintptr_t *pcs, uint32_t npcs)
{
	return cp_profile_out_sample(o, pcs, npcs, EPOCH, (const int64_t[]){1, 10000000}, NULL, 0);
}

__attribute__((noinline)) static void known_function(void)
{
	__asm__ volatile("nop; nop; nop");
}

START_TEST(the_leaf_is_exact_and_callers_are_one_less)
{
	struct cp_profile_out *o = begin();
	uintptr_t fn = (uintptr_t)known_function;
	// A call that is a function's last instruction returns to the next function's first.
	ck_assert_int_eq(sample(o, (uintptr_t[]){fn, (uintptr_t)sink_write + 1}, 2), 0);
	ck_assert_int_eq(cp_profile_out_end(o, 5), 0);
	ck_assert_uint_eq(int_in(location_of(0, 0), 3), fn);
	ck_assert_uint_eq(int_in(location_of(0, 1), 3), (uintptr_t)sink_write);
	ck_assert_str_eq(name_of(location_of(0, 0)), "known_function");
	ck_assert_str_eq(name_of(location_of(0, 1)), "sink_write");
}
END_TEST

__attribute__((noinline)) static void twin(void)
{
	__asm__ volatile("nop; nop");
}

/** Go's TestGenericsHashKey. */
START_TEST(two_functions_of_one_name_are_two)
{
	struct cp_profile_out *o = begin();
	ck_assert_int_eq(sample(o, (uintptr_t[]){(uintptr_t)twin}, 1), 0);
	ck_assert_int_eq(sample(o, (uintptr_t[]){(uintptr_t)twin_elsewhere()}, 1), 0);
	ck_assert_int_eq(cp_profile_out_end(o, 0), 0);
	ck_assert_str_eq(name_of(location_of(0, 0)), "twin");
	ck_assert_str_eq(name_of(location_of(1, 0)), "twin");
	ck_assert_int_eq(count_fields(5), 2);
}
END_TEST

START_TEST(the_program_is_the_first_mapping)
{
	struct cp_profile_out *o = begin();
	ck_assert_int_eq(sample(o, (uintptr_t[]){0x10010}, 1), 0);
	ck_assert_int_eq(cp_profile_out_end(o, 0), 0);
	struct pb_reader first = inside(nth(gunzip(), 3, 0)), second = inside(nth(gunzip(), 3, 1));
	ck_assert_uint_eq(int_in(first, 2), modules[1].start);
	ck_assert_uint_eq(int_in(first, 3), modules[1].end);
	ck_assert_uint_eq(int_in(first, 4), modules[1].file_offset);
	ck_assert_str_eq(string_at(int_in(second, 5)), "/nowhere/libgone.so");
	ck_assert_str_eq(string_at(int_in(second, 6)), "abcd0f");
	ck_assert_uint_eq(int_in(location_of(0, 0), 2), int_in(second, 1));
	ck_assert_str_eq(name_of(location_of(0, 0)), "");
}
END_TEST

START_TEST(markers_and_strange_addresses)
{
	struct cp_profile_out *o = begin();
	ck_assert_int_eq(sample(o, (uintptr_t[]){0x7000, CP_MARKER_TRUNCATED}, 2), 0);
	ck_assert_int_eq(sample(o, (uintptr_t[]){0, CP_MARKER_LOST}, 2), 0);
	ck_assert_int_eq(sample(o, NULL, 0), 0);
	ck_assert_int_eq(cp_profile_out_end(o, 0), 0);
	ck_assert_uint_eq(int_in(location_of(0, 0), 3), 0x7000);
	ck_assert_uint_eq(int_in(location_of(0, 0), 2), 0);
	ck_assert_uint_eq(int_in(location_of(0, 1), 3), 0);
	ck_assert_str_eq(name_of(location_of(0, 1)), "[truncated: deeper than is kept]");
	ck_assert_str_eq(name_of(location_of(1, 1)), "[lost: sample buffers full]");
	ck_assert_int_eq(count_fields(2), 3);
	ck_assert_int_eq(count_fields(3), 1);
}
END_TEST

START_TEST(pieces_join_to_one_profile)
{
	struct cp_profile_out *o = begin();
	uintptr_t fn = (uintptr_t)known_function;
	for (int64_t piece = 1; piece <= 3; piece++) {
		ck_assert_int_eq(sample(o, (uintptr_t[]){fn, (uintptr_t)piece + 0x10010}, 2), 0);
		ck_assert_int_eq(piece < 3 ? cp_profile_out_flush(o, piece)
					   : cp_profile_out_end(o, piece), 0);
	}
	ck_assert_int_eq(out.calls, 3);
	ck_assert_int_eq(count_fields(2), 3);
	ck_assert_int_eq(count_fields(4), 4); // the leaf once
	ck_assert_int_eq(count_fields(5), 1);
	ck_assert_int_eq(count_fields(9), 1); // one time_nanos
	ck_assert_int_eq(count_fields(10), 3);
	ck_assert_uint_eq(int_in(gunzip(), 10), 3);
	ck_assert_str_eq(string_at(0), "");
	ck_assert_str_eq(name_of(location_of(2, 0)), "known_function");
}
END_TEST

START_TEST(labels_and_comments)
{
	struct cp_profile_out *o = begin();
	const struct cp_label labels[] = {{.key = "req", .str = "1 2"},
			{.key = "bytes", .num = -64, .unit = "bytes"}};
	ck_assert_int_eq(cp_profile_out_sample(o, (uintptr_t[]){0x10010}, 1, EPOCH,
			(const int64_t[]){-3, INT64_MIN}, labels, 2), 0);
	ck_assert_int_eq(cp_profile_out_comment(o, "%s: %d of %lu lost, 100%%", "ring", -1, 2ul), 0);
	ck_assert_int_eq(cp_profile_out_end(o, 0), 0);
	struct pb_reader s = inside(nth(gunzip(), 2, 0));
	struct pb_reader str = inside(nth(s, 3, 0)), num = inside(nth(s, 3, 1));
	ck_assert_str_eq(string_at(int_in(str, 1)), "req");
	ck_assert_str_eq(string_at(int_in(str, 2)), "1 2");
	ck_assert_int_eq((int64_t)int_in(num, 3), -64);
	ck_assert_str_eq(string_at(int_in(num, 4)), "bytes");
	struct pb_reader values = inside(nth(s, 2, 0));
	uint64_t v;
	ck_assert(pb_get_varint(&values, &v) && (int64_t)v == -3);
	ck_assert(pb_get_varint(&values, &v) && (int64_t)v == INT64_MIN);
	ck_assert_str_eq(string_at(int_in(gunzip(), 13)), "ring: -1 of 2 lost, 100%");
}
END_TEST

START_TEST(nothing_is_written_after_an_error)
{
	struct cp_profile_out *o = begin();
	out.error = -ENOSPC;
	ck_assert_int_eq(sample(o, (uintptr_t[]){0x10010}, 1), 0);
	ck_assert_int_eq(cp_profile_out_flush(o, 1), -ENOSPC);
	out.error = 0;
	ck_assert_int_eq(sample(o, (uintptr_t[]){0x10010}, 1), -ENOSPC);
	ck_assert_int_eq(cp_profile_out_end(o, 2), -ENOSPC);
	ck_assert_int_eq(out.calls, 1);
}
END_TEST

START_TEST(a_stack_of_any_depth_and_thousands_of_locations)
{
	static uintptr_t pcs[CP_MAX_PCS + 1];
	struct cp_profile_out *o = begin();
	ck_assert_int_eq(sample(o, pcs, CP_MAX_PCS + 1), -EINVAL);
	for (uintptr_t i = 0; i < 40; i++) {
		for (uintptr_t k = 0; k < CP_MAX_PCS; k++)
			pcs[k] = 0x10001 + i * CP_MAX_PCS + k;
		pcs[0]--;
		ck_assert_int_eq(sample(o, pcs, CP_MAX_PCS), 0);
	}
	ck_assert_int_eq(cp_profile_out_end(o, 0), 0);
	ck_assert_int_eq(count_fields(2), 40);
	ck_assert_int_eq(count_fields(4), 40 * CP_MAX_PCS);
}
END_TEST

UNIT_MAIN("write", the_leaf_is_exact_and_callers_are_one_less, two_functions_of_one_name_are_two,
		the_program_is_the_first_mapping,
		markers_and_strange_addresses, pieces_join_to_one_profile, labels_and_comments,
		nothing_is_written_after_an_error, a_stack_of_any_depth_and_thousands_of_locations)
