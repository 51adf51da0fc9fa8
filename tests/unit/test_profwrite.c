// SPDX-License-Identifier: MIT
// The profile.proto encoder, byte by byte where it is short, and against the end of its memory.
#include <string.h>
#include <sys/mman.h>

#include "format/pb.h"
#include "format/profwrite.h"
#include "unit.h"

enum { PAGE = 4096 };

static uint8_t *page; // what follows it cannot be touched

static void setup_page(void)
{
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	ck_assert_int_eq(mprotect(page + PAGE, PAGE, PROT_NONE), 0);
}

/** Room for exactly `cap` bytes before the end of the page. */
static struct profwrite_sink sink_of(size_t cap)
{
	return (struct profwrite_sink){.ptr = page + PAGE - cap, .cap = cap};
}

#define expect_bytes(s, ...)                                                     \
	do {                                                                     \
		static const uint8_t want[] = {__VA_ARGS__};                     \
		ck_assert(!(s).failed);                                          \
		ck_assert_uint_eq((s).len, sizeof(want));                        \
		ck_assert_mem_eq((s).ptr, want, sizeof(want));                   \
	} while (0)

START_TEST(short_messages_byte_by_byte)
{
	setup_page();
	struct profwrite_sink s = sink_of(PAGE);
	profwrite_int(&s, PROFILE_PERIOD, 300);
	profwrite_int(&s, PROFILE_DURATION_NANOS, 0); // proto3 leaves zeros out
	profwrite_string(&s, "", 0);
	profwrite_string(&s, "ab", 2);
	profwrite_value_type(&s, PROFILE_SAMPLE_TYPE, 1, 2);
	expect_bytes(s, 0x60, 0xac, 2, 0x32, 0, 0x32, 2, 'a', 'b', 0x0a, 4, 8, 1, 0x10, 2);
}
END_TEST

START_TEST(a_sample_packs_its_numbers)
{
	setup_page();
	struct profwrite_sink s = sink_of(PAGE);
	const struct profwrite_label label = {.key = 3, .num = 5};
	profwrite_sample(&s, (int64_t[]){1, 200}, 2, (uint64_t[]){7}, 1, &label, 1);
	expect_bytes(s, 0x12, 14, 0x0a, 1, 7, 0x12, 3, 1, 0xc8, 1, 0x1a, 4, 8, 3, 0x18, 5);
}
END_TEST

START_TEST(long_messages_have_long_lengths)
{
	setup_page();
	enum { N = 300 };
	struct profwrite_sink s = sink_of(PAGE);
	uint64_t ids[N];
	for (int i = 0; i < N; i++)
		ids[i] = 1000 + (uint64_t)i; // two bytes each
	profwrite_sample(&s, (int64_t[]){-1}, 1, ids, N, NULL, 0);
	struct pb_reader r = {s.ptr, s.ptr + s.len};
	struct pb_field sample, f;
	ck_assert(pb_get_field(&r, &sample));
	ck_assert_ptr_eq(r.at, r.end);
	struct pb_reader in = {sample.bytes, sample.bytes + sample.nbytes};
	ck_assert(pb_get_field(&in, &f));
	ck_assert_uint_eq(f.nbytes, 2 * N);
	struct pb_reader packed = {f.bytes, f.bytes + f.nbytes};
	for (int i = 0; i < N; i++) {
		uint64_t id;
		ck_assert(pb_get_varint(&packed, &id));
		ck_assert_uint_eq(id, ids[i]);
	}
	ck_assert(pb_get_field(&in, &f));
	packed = (struct pb_reader){f.bytes, f.bytes + f.nbytes};
	uint64_t value;
	ck_assert(pb_get_varint(&packed, &value));
	ck_assert_uint_eq(value, UINT64_MAX);
}
END_TEST

static void write_all(struct profwrite_sink *s)
{
	// The widest values there are.
	const uint64_t max = UINT64_MAX;
	const struct profwrite_label label = {max, max, -1, max};
	const struct profwrite_line lines[] = {{max, -1, -1}, {max, -1, -1}};
	profwrite_sample(s, (int64_t[]){-1, -1}, 2, (uint64_t[]){max, max}, 2, &label, 1);
	profwrite_mapping(s, &(struct profwrite_mapping){max, max, max, max, max, max, 1, 1, 1, 1});
	profwrite_location(s, &(struct profwrite_location){max, max, max, lines, 2, true});
	profwrite_function(s, &(struct profwrite_function){max, max, max, max, -1});
	profwrite_value_type(s, PROFILE_PERIOD_TYPE, max, max);
	profwrite_int(s, PROFILE_TIME_NANOS, -1);
	profwrite_string(s, "string", 6);
}

START_TEST(a_message_that_finds_no_room_is_missing_whole)
{
	setup_page();
	bool all_fit = false;
	for (size_t cap = 0; cap < 1024; cap++) {
		struct profwrite_sink s = sink_of(cap);
		write_all(&s);
		struct pb_reader r = {s.ptr, s.ptr + s.len};
		struct pb_field f;
		while (pb_get_field(&r, &f))
			;
		ck_assert_ptr_eq(r.at, r.end);
		all_fit = !s.failed;
	}
	ck_assert(all_fit);
}
END_TEST

START_TEST(a_reader_takes_no_damage_for_a_field)
{
	static const struct {
		uint8_t bytes[12];
		size_t len;
	} damaged[] = {
			{{0x08}, 1},             // no value
			{{0x08, 0x80}, 2},       // half a varint
			{{0x0a, 5, 'a'}, 3},     // ends past its message
			{{0x0d, 1, 2, 3}, 4},    // half a fixed32
			{{0x09, 1, 2, 3, 4}, 5}, // half a fixed64
			{{0x0b, 1}, 2},          // a group
			{{0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, 12}, // 11 bytes
	};
	for (size_t i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		setup_page();
		uint8_t *at = page + PAGE - damaged[i].len;
		memcpy(at, damaged[i].bytes, damaged[i].len);
		struct pb_reader r = {at, at + damaged[i].len};
		struct pb_field f;
		ck_assert_msg(!pb_get_field(&r, &f), "%zu", i);
	}
}
END_TEST

START_TEST(varints_come_back)
{
	uint8_t buf[PB_MAX_VARINT_BYTES];
	for (unsigned shift = 0; shift < 64; shift++) {
		for (uint64_t v = (1ull << shift) - 1; v <= (1ull << shift); v++) {
			uint8_t *end = pb_put_varint(buf, v);
			ck_assert_uint_eq((size_t)(end - buf), pb_varint_bytes(v));
			struct pb_reader r = {buf, end};
			uint64_t back;
			ck_assert(pb_get_varint(&r, &back) && back == v && r.at == end);
		}
	}
}
END_TEST

UNIT_MAIN("profwrite", short_messages_byte_by_byte, a_sample_packs_its_numbers,
		long_messages_have_long_lengths, a_message_that_finds_no_room_is_missing_whole,
		a_reader_takes_no_damage_for_a_field, varints_come_back)
