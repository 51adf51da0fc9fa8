// SPDX-License-Identifier: MIT
// profile.proto: what is read, what is refused and in which words, and that writing gives it back.
#include <libdeflate.h>

#include "base/mem.h"
#include "profile_fixture.h"

static struct arena a;

static const char *parse_error(const void *data, size_t len)
{
	struct profile *p = NULL;
	struct err *err = profile_parse(&a, data, len, &p);
	if (!err)
		profile_destroy(p);
	return err ? err->message : "fine";
}

static struct profile *parse_without_stacks(struct str message, const char **error_out)
{
	struct profile *p = NULL;
	char *pages = pages_reserve(message.len);
	memcpy(pages, message.ptr, message.len);
	struct err *err = profile_parse_consume(&a, pages, message.len, false, &p);
	pages_free(pages, message.len);
	*error_out = err ? err->message : "fine";
	return p;
}

static struct profile *parse(const void *data, size_t len)
{
	struct profile *p = NULL;
	struct err *err = profile_parse(&a, data, len, &p);
	ck_assert_msg(!err, "%s", err ? err->message : "");
	return p;
}

static size_t gzip(const void *data, size_t len, char *out, size_t size)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
	size_t n = libdeflate_gzip_compress(c, data, len, out, size);
	libdeflate_free_compressor(c);
	ck_assert_uint_gt(n, 0);
	return n;
}

// One sample type, one sample: location 3, value 7, label 1=2; location 3 of function 9; names.
#define STRINGS "\x32\x00" "\x32\x01" "a" "\x32\x01" "b"
#define TYPE "\x0a\x04\x08\x01\x10\x02"
#define SAMPLE "\x12\x0a\x08\x03\x10\x07\x1a\x04\x08\x01\x10\x02"
#define LOCATION "\x22\x08\x08\x03\x22\x04\x08\x09\x10\x05"
#define FUNCTION "\x2a\x04\x08\x09\x10\x01"
#define LEN(literal) (literal), sizeof(literal) - 1

START_TEST(reads_a_message_in_any_order)
{
	static const struct str orders[] = {{LEN(TYPE SAMPLE LOCATION FUNCTION STRINGS)},
			{LEN(STRINGS FUNCTION LOCATION SAMPLE TYPE)},
			{LEN(SAMPLE STRINGS TYPE FUNCTION LOCATION)}};
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct profile *p = parse(orders[i].ptr, orders[i].len);
		ck_assert_str_eq(fixture_dump(p), "PeriodType:  \nPeriod: 0\nSamples:\na/b\n"
				"          7: 3 \n                a:[b]\nLocations\n"
				"     3: 0x0 a :5:0 s=0()\nMappings\n");
		profile_destroy(p);
	}
}
END_TEST

START_TEST(takes_packed_numbers_and_unknown_fields)
{
	// locations packed; values packed; an unknown varint, fixed64, fixed32 and bytes field.
	static const char message[] = TYPE "\x12\x07\x0a\x02\x03\x03\x12\x01\x07" LOCATION FUNCTION STRINGS
			"\xf8\x01\x05" "\xf9\x01" "12345678" "\xfd\x01" "1234" "\xfa\x01\x02xx";
	struct profile *p = parse(LEN(message));
	ck_assert_uint_eq(profile_stack(p, 0).n, 2);
	ck_assert_int_eq(profile_values(p, 0)[0], 7);
	profile_destroy(p);
}
END_TEST

START_TEST(refuses_in_words)
{
	static const struct {
		struct str bytes;
		const char *error;
	} cases[] = {
		{{LEN("")}, "parsing profile: empty input file"},
		{{LEN("x")}, "parsing profile: unrecognized profile format"},
		{{LEN(TYPE SAMPLE LOCATION FUNCTION)}, "parsing profile: unrecognized profile format"},
		{{LEN("\x32\x01q" TYPE)}, "parsing profile: unrecognized profile format"},
		{{LEN("\x0a\x02\x08\x09" STRINGS)}, "parsing profile: unrecognized profile format"},
		{{LEN("\x0b" STRINGS)}, "parsing profile: unrecognized profile format"},
		{{LEN(STRINGS "\x48\x01\x48\x02")}, "parsing profile: concatenated profiles detected"},
		{{LEN(SAMPLE LOCATION FUNCTION STRINGS)},
			"malformed profile: missing sample type information"},
		{{LEN(TYPE TYPE SAMPLE LOCATION FUNCTION STRINGS)},
			"malformed profile: mismatch: sample has 1 values vs. 2 types"},
		{{LEN(TYPE SAMPLE FUNCTION STRINGS)}, "malformed profile: sample has nil location"},
		{{LEN(TYPE SAMPLE LOCATION STRINGS)},
			"malformed profile: location id: 3 has a line with nil function"},
		{{LEN(TYPE SAMPLE LOCATION LOCATION FUNCTION STRINGS)},
			"malformed profile: multiple locations with same id: 3"},
		{{LEN(TYPE SAMPLE LOCATION FUNCTION FUNCTION STRINGS)},
			"malformed profile: multiple functions with same id: 9"},
		{{LEN("\x1a\x02\x10\x01" STRINGS)}, "malformed profile: found mapping with reserved ID=0"},
		{{LEN("\x2a\x02\x10\x01" STRINGS)}, "malformed profile: found function with reserved ID=0"},
		{{LEN("\x22\x02\x18\x01" STRINGS)}, "malformed profile: found location with reserved id=0"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *error;
		ck_assert_str_eq(parse_error(cases[i].bytes.ptr, cases[i].bytes.len), cases[i].error);
		ck_assert_ptr_null(parse_without_stacks(cases[i].bytes, &error));
		ck_assert_str_eq(error, cases[i].error);
	}
}
END_TEST

/* Enough samples for several chunks, so that threads share the work. */
static struct profile *large_profile(void)
{
	struct profile *p = fixture_create();
	for (uint32_t i = 0; i < 60000; i++) {
		char stack[] = "ABCDEFGHIJKLMNOP";
		stack[i % 16] = (char)('a' + i % 26);
		fixture_add(p, stack, i, i % 3 ? 0 : fixture_number(p, "request", i % 50 + 1, "bytes"));
	}
	return p;
}

START_TEST(leaves_stacks_away)
{
	struct profile *p = large_profile();
	struct buf bytes = {0};
	const char *error;
	profile_encode(p, &bytes);
	struct profile *q = parse_without_stacks((struct str){bytes.ptr, bytes.len}, &error);
	ck_assert_str_eq(error, "fine");
	ck_assert_uint_eq(q->nsamples, p->nsamples);
	ck_assert_uint_eq(q->nlocations, p->nlocations);
	for (uint32_t i = 0; i < p->nsamples; i++) {
		ck_assert_uint_eq(profile_stack(q, i).n, 0);
		ck_assert_int_eq(profile_values(q, i)[0], profile_values(p, i)[0]);
		ck_assert_uint_eq(profile_label_set(q, i), profile_label_set(p, i));
	}
	profile_destroy(q);
	profile_destroy(p);
	buf_deinit(&bytes);
}
END_TEST

START_TEST(inflates_members_as_one_message)
{
	static const char first[] = TYPE SAMPLE, second[] = LOCATION FUNCTION STRINGS;
	char zipped[512];
	size_t n = gzip(LEN(first), zipped, sizeof(zipped));
	n += gzip(LEN(second), zipped + n, sizeof(zipped) - n);
	struct profile *p = parse(zipped, n);
	ck_assert_uint_eq(p->nsamples, 1);
	ck_assert_str_eq(profile_function_name(p, 0).ptr, "a");
	profile_destroy(p);
	ck_assert_str_eq(parse_error(zipped, n - 1), "decompressing profile: unexpected EOF");
	ck_assert_str_eq(parse_error(zipped, 5), "decompressing profile: unexpected EOF");
	zipped[n - 5] ^= 1;
	ck_assert_str_eq(parse_error(zipped, n), "decompressing profile: gzip: invalid checksum");
	zipped[n - 5] ^= 1;
	memcpy(zipped + n, "trailing garbage", 16);
	ck_assert_str_eq(parse_error(zipped, n + 16), "decompressing profile: gzip: invalid header");
}
END_TEST

START_TEST(refuses_a_bomb)
{
	enum { BOMB_BYTES = 80 << 20 };
	char *zeros = calloc(BOMB_BYTES, 1), *zipped = malloc(1 << 20);
	size_t n = gzip(zeros, BOMB_BYTES, zipped, 1 << 20);
	const char *message = parse_error(zipped, n);
	ck_assert_msg(strstr(message, "refused as a gzip bomb"), "%s", message);
	free(zeros);
	free(zipped);
}
END_TEST

START_TEST(gives_back_what_was_written)
{
	struct profile *p = large_profile();
	struct buf bytes = {0}, zipped = {0}, again = {0};
	profile_encode(p, &bytes);
	ck_assert_uint_gt(bytes.len, 1 << 20);
	profile_encode_gzip(p, &zipped);
	struct profile *q = parse(zipped.ptr, zipped.len);
	profile_encode(q, &again);
	ck_assert_uint_eq(bytes.len, again.len);
	ck_assert_int_eq(memcmp(bytes.ptr, again.ptr, bytes.len), 0);
	ck_assert_uint_eq(q->nlabel_sets, 51);
	profile_destroy(q);
	profile_destroy(p);
	buf_deinit(&bytes);
	buf_deinit(&zipped);
	buf_deinit(&again);
}
END_TEST

START_TEST(survives_every_truncation_and_bit)
{
	struct profile *p = fixture_create();
	fixture_add(p, "ABC", 1, fixture_label(p, "k", "v"));
	fixture_add(p, "BC", -2, fixture_number(p, "n", INT64_MIN, "x"));
	profile_add_comment(p, STR("c"));
	struct buf bytes = {0};
	profile_encode(p, &bytes);
	unsigned nfine = 0;
	for (size_t len = 0; len <= bytes.len; len++)
		nfine += !strcmp(parse_error(bytes.ptr, len), "fine");
	ck_assert_uint_ge(nfine, 1);
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.ptr[bit / 8] ^= (char)(1 << bit % 8);
		parse_error(bytes.ptr, bytes.len);
		bytes.ptr[bit / 8] ^= (char)(1 << bit % 8);
	}
	ck_assert_str_eq(parse_error(bytes.ptr, bytes.len), "fine");
	buf_deinit(&bytes);
	profile_destroy(p);
}
END_TEST

START_TEST(finds_ids_that_are_large_and_sparse)
{
	struct profile *p = fixture_create();
	fixture_add(p, "ABC", 1, 0);
	for (uint32_t i = 0; i < p->nlocations; i++)
		p->locations[i].id = UINT64_MAX - i * 1000003u;
	for (uint32_t i = 0; i < p->nfunctions; i++)
		p->functions[i].id = (uint64_t)1 << (40 + i);
	p->mappings[0].id = UINT64_MAX;
	struct buf bytes = {0};
	profile_encode(p, &bytes);
	struct profile *q = parse(bytes.ptr, bytes.len);
	ck_assert_str_eq(fixture_samples(q), "ABC=1 ");
	ck_assert_uint_eq(q->locations[0].mapping, 0);
	profile_destroy(p);
	profile_destroy(q);
	buf_deinit(&bytes);
}
END_TEST

/* n locations; the stack of the only sample has the first and the last one. */
static struct profile *parse_with_locations(uint32_t n)
{
	struct profile *p = fixture_create();
	struct buf bytes = {0};
	for (uint32_t i = 0; i < n; i++)
		profile_add_location(p, (struct location){.id = i + 1, .mapping = NO_INDEX}, NULL, 0);
	profile_add_sample(p, (uint32_t[]){0, n - 1}, 2, &(int64_t){1}, 0);
	profile_encode(p, &bytes);
	struct profile *q = parse(bytes.ptr, bytes.len);
	profile_destroy(p);
	buf_deinit(&bytes);
	return q;
}

static void assert_stack(const struct profile *p, uint32_t sample, uint32_t leaf, uint32_t root)
{
	struct stack s = profile_stack(p, sample);
	ck_assert_uint_eq(s.n, 2);
	ck_assert_uint_eq(stack_loc(s, 0), leaf);
	ck_assert_uint_eq(stack_loc(stack_skip(s, 1), 0), root);
}

// 16 bits a place, as long as they suffice and nobody adds what needs more.
START_TEST(keeps_places_narrow)
{
	for (uint32_t n = UINT16_MAX; n <= UINT16_MAX + 2; n++) {
		struct profile *p = parse_with_locations(n), *view = profile_view(p);
		ck_assert_int_eq(profile_stack(p, 0).is_narrow, n <= UINT16_MAX + 1);
		assert_stack(p, 0, 0, n - 1);
		uint32_t added = profile_add_location(view, (struct location){.id = n + 1}, NULL, 0);
		profile_add_sample(view, (uint32_t[]){added, n - 1}, 2, &(int64_t){1}, 0);
		assert_stack(view, 0, 0, n - 1);
		assert_stack(view, 1, n, n - 1);
		assert_stack(p, 0, 0, n - 1);
		profile_destroy(view);
		profile_add_sample(p, (uint32_t[]){1, 2}, 2, &(int64_t){1}, 0);
		assert_stack(p, 0, 0, n - 1);
		assert_stack(p, 1, 1, 2);
		profile_destroy(p);
	}
}
END_TEST

UNIT_MAIN("profile_parse", reads_a_message_in_any_order, takes_packed_numbers_and_unknown_fields, refuses_in_words,
		leaves_stacks_away, inflates_members_as_one_message, refuses_a_bomb, gives_back_what_was_written,
		survives_every_truncation_and_bit, finds_ids_that_are_large_and_sparse, keeps_places_narrow)
