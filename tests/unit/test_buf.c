// SPDX-License-Identifier: MIT
// A buffer that hands on holds no more than it is told to, however its bytes come, and loses none.
#include "base/buf.h"

#include "unit.h"

enum { MOST_BYTES = 4096 };

static int collect(void *arg, const char *data, size_t len)
{
	buf_append(arg, data, len);
	return 0;
}

START_TEST(hands_on_before_it_grows)
{
	static const size_t sizes[] = {1, 1000, MOST_BYTES - 1, MOST_BYTES, MOST_BYTES + 1, 3, 5 * MOST_BYTES, 700};
	enum { NSIZES = sizeof(sizes) / sizeof(*sizes), ROUNDS = 50 };
	struct buf got = {0}, want = {0}, b = {.flush = collect, .flush_arg = &got, .flush_bytes = MOST_BYTES};
	for (size_t i = 0; i < NSIZES * ROUNDS; i++) {
		char bytes[5 * MOST_BYTES];
		memset(bytes, (int)i, sizeof(bytes));
		size_t n = sizes[i * (i + 1) / 2 % NSIZES];
		buf_append(&b, bytes, n);
		buf_append(&want, bytes, n);
		ck_assert_uint_le(b.cap, MOST_BYTES);
	}
	ck_assert_int_eq(buf_flush(&b), 0);
	ck_assert_uint_eq(got.len, want.len);
	ck_assert_int_eq(memcmp(got.ptr, want.ptr, want.len), 0);
	buf_deinit(&b);
	buf_deinit(&got);
	buf_deinit(&want);
}
END_TEST

UNIT_MAIN("buf", hands_on_before_it_grows)
