// SPDX-License-Identifier: MIT
// The formats from before profile.proto, one small file of each; and damaged ones.
#include "profile_fixture.h"

static struct arena a;

/* The dump of the bytes, or the error. */
static const char *read_as(const void *data, size_t len)
{
	struct profile *p = NULL;
	struct err *err = profile_parse(&a, data, len, &p);
	if (err)
		return err->message;
	const char *dump = arena_strdup(&a, fixture_dump(p));
	profile_destroy(p);
	return dump;
}

static const char *read_text(const char *text)
{
	return read_as(text, strlen(text));
}

#define MAPS "00400000-00500000 r-xp 00000000 08:01 42 /bin/prog\n" \
	"00500000-00600000 rw-p 00000000 08:01 42 /bin/prog\n" \
	"7f0000000000-7f0000100000 r-xp 00001000 08:01 43 /lib/libc.so.6\n"
#define MAPPINGS "Mappings\n1: 0x400000/0x500000/0x0 /bin/prog  \n" \
	"2: 0x7f0000000000/0x7f0000100000/0x1000 /lib/libc.so.6  \n"

START_TEST(heap)
{
	ck_assert_str_eq(read_text("heap profile: 3: 96 [ 3: 96] @ heapprofile\n"
				"# a comment\n"
				"  1: 32 [ 1: 32] @ 0x400101 0x400201\n"
				"  2: 64 [ 2: 64] @ 0x7f0000000011\n"
				"\nMAPPED_LIBRARIES:\n" MAPS),
			"PeriodType: space bytes\nPeriod: 1\nSamples:\nobjects/count space/bytes\n"
			"          1         32: 1 2 \n                bytes:[32]\n"
			"          2         64: 3 \n                bytes:[32]\n"
			"Locations\n     1: 0x400100 M=1 \n     2: 0x400200 M=1 \n     3: 0x7f0000000010 M=2 \n"
			MAPPINGS);
	// Sampled: one object of 512 KiB at a rate of 512 KiB stands for 1 / (1 - 1/e).
	ck_assert_ptr_nonnull(strstr(read_text("heap profile: 1: 524288 [ 2: 1048576] @ heap_v2/524288\n"
				"100: 52428800 [200: 104857600] @ 0x400101\n"),
			"        316  165882280        158   82941140: 1 \n"));
	ck_assert_str_eq(read_text("heap profile: 1: 1 [ 0: 0] @ heapprofile\n0: 5 [0: 0] @ 0x1\n"),
			"parsing profile: inuse count was 0 but inuse bytes was 5");
	ck_assert_str_eq(read_text("heap profile: 1: 1 [ 0: 0] @ heapprofile\nwhat\n"),
			"parsing profile: unexpected number of sample values: got 0, want 6");
	ck_assert_str_eq(read_text("heap profile: 1: 1 [ 0: 0] @ heapprofile\n"
				"99999999999999999999: 5 [0: 0] @ 0x1\n"),
			"parsing profile: malformed sample: 99999999999999999999: 5 [0: 0] @ 0x1: strconv.ParseInt: "
			"parsing \"99999999999999999999\": value out of range");
	ck_assert_ptr_nonnull(strstr(read_text("heap profile: 1: 2 [ 1: 2] @ growthz\n1: 2 [1: 2] @ 0x9\n"),
			"objects/count space/bytes\n          1          2: 1 \n"));
}
END_TEST

#define JEMALLOC_MAPS MAPS "7f1000000000-7f1000100000 r-xp 00000000 08:01 44 /lib/libjemalloc.so.2\n"

START_TEST(jemalloc)
{
	// Each stack once, as all threads have it; without jemalloc's own frames.
	ck_assert_str_eq(read_text("heap_v2/1\n  t*: 3: 96 [0: 0]\n  t0: 2: 64 [0: 0] main\n  t1: 1: 32 [0: 0]\n"
				"@ 0x7f1000000011 0x400101 0x400201\n  t*: 1: 32 [0: 0]\n  t1: 1: 32 [0: 0]\n"
				"@ 0x7f1000000022\n  t*: 2: 64 [0: 0]\n  t0: 2: 64 [0: 0]\n"
				"\nMAPPED_LIBRARIES:\n" JEMALLOC_MAPS),
			"PeriodType: space bytes\nPeriod: 1\nSamples:\nobjects/count space/bytes\n"
			"          1         32: 1 2 \n                bytes:[32]\n"
			"          2         64: 3 \n                bytes:[32]\n"
			"Locations\n     1: 0x400100 M=1 \n     2: 0x400200 M=1 \n     3: 0x7f1000000021 M=3 \n"
			MAPPINGS "3: 0x7f1000000000/0x7f1000100000/0x0 /lib/libjemalloc.so.2  \n");
	// Sampled, and what was allocated in all.
	ck_assert_ptr_nonnull(strstr(read_text("heap_v2/524288\n  t*: 100: 52428800 [200: 104857600]\n"
				"@ 0x400101\n  t*: 100: 52428800 [200: 104857600]\n"),
			"        316  165882280        158   82941140: 1 \n"));
	ck_assert_str_eq(read_text("heap_v2/1\n"), "parsing profile: a heap profile without totals");
	ck_assert_str_eq(read_text("heap_v2/x\n"), "parsing profile: unrecognized profile format");
	ck_assert_str_eq(read_text("heap_v2/1\n t*: 1: 2 [0: 0]\n t*: 1: 2 [0: 0]\n"),
			"parsing profile: malformed sample: t*: 1: 2 [0: 0]: it has no stack");
	ck_assert_str_eq(read_text("heap_v2/1\n t*: 1: 2 [0: 0]\nwhat\n"), "parsing profile: malformed sample: what");
}
END_TEST

START_TEST(counts_and_threads)
{
	ck_assert_str_eq(read_text("# from a test\ngoroutine profile: total 3\n2 @ 0x401001 0x402001\n"
				"#\t0x401000\tmain.f\n1 @ 0x402001\n\n"),
			"PeriodType: goroutine count\nPeriod: 1\nSamples:\ngoroutine/count\n          2: 1 2 \n"
			"          1: 2 \nLocations\n     1: 0x401000 M=1 \n     2: 0x402000 M=1 \n"
			"Mappings\n1: 0x0/0xffffffffffffffff/0x0   \n");
	ck_assert_str_eq(read_text("goroutine profile: total 3\n2 @ 401001\n"),
			"parsing profile: malformed profile format");
	ck_assert_str_eq(read_text("--- threadz 1 ---\n\n--- Thread 7f (name: main/1) stack: ---\n"
				"  PC: @ 0x400100\n  0x400100 0x400201\n"
				"--- Thread 80 (name: w/2) stack: ---\n  [same as previous thread]\n"
				"--- Memory map: ---\n" MAPS),
			"PeriodType: thread count\nPeriod: 1\nSamples:\nthread/count\n          2: 1 3 \n"
			"Locations\n     1: 0x400100 M=1 \n     2: 0x4000ff M=1 \n     3: 0x400200 M=1 \n" MAPPINGS);
}
END_TEST

START_TEST(contention)
{
	ck_assert_str_eq(read_text("--- contention:\ncycles/second=1000000000\nsampling period = 100\n"
				"ms since reset = 6000\ndiscarded samples = 1\n  50 3 @ 0x400101 0x400201\n"
				"--- Memory map: ---\n" MAPS),
			"PeriodType: contentions count\nPeriod: 100\nDuration: 6s\nSamples:\n"
			"contentions/count delay/nanoseconds\n        300       5000: 1 2 \n"
			"Locations\n     1: 0x400100 M=1 \n     2: 0x400200 M=1 \n" MAPPINGS);
	ck_assert_str_eq(read_text("--- contention:\nwhat = 5\n1 1 @ 0x1\n"),
			"parsing profile: unrecognized profile format");
}
END_TEST

START_TEST(java)
{
	ck_assert_str_eq(read_text("--- contentionz 1 ---\nformat = java\nresolution = microseconds\n"
				"sampling period = 10\n\n   7 2 @ 0x11 0x12\n\n"
				"  0x11 com.example.A.run (A.java:12)\n  0x12 libjvm (/usr/lib/libjvm.so)\n"),
			"PeriodType: contentions count\nPeriod: 10\nSamples:\ncontentions/count delay/microseconds\n"
			"         20         70: 1 2 \nLocations\n     1: 0x0 com.example.A.run A.java:12:0 s=0\n"
			"     2: 0x0 libjvm libjvm.so:0:0 s=0\nMappings\n");
	ck_assert_str_eq(read_text("--- contentionz 1 ---\n1 1 @ 0x11\n-3 -3 @ 0x12\n"),
			"parsing profile: missing sample type information");
	ck_assert_str_eq(read_text("--- heapz 1 ---\nformat = java\nresolution = bytes\n 5 0 @ 0x11\n"),
			"parsing profile: parsing sample 5 0 @ 0x11: second value must be non-zero");
}
END_TEST

/* gperftools' words in each size and order, with a text map behind. */
static const char *read_cpu(bool is_64, bool is_big)
{
	static const uint64_t words[] = {0, 3, 0, 10000, 0, 5, 3, 0x400100, 0x400100, 0x400201, 2, 1, 0x400300, 0, 1,
			0};
	struct buf bytes = {0};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (unsigned j = 0, size = is_64 ? 8 : 4; j < size; j++)
			buf_byte(&bytes, (char)(words[i] >> 8 * (is_big ? size - 1 - j : j)));
	}
	buf_cstr(&bytes, "build=/bin\n00400000-00500000: $build/prog\n");
	const char *dump = read_as(bytes.ptr, bytes.len);
	buf_deinit(&bytes);
	return dump;
}

START_TEST(cpu)
{
	// The leaf was recorded twice, once as a return address.
	static const char want[] = "PeriodType: cpu nanoseconds\nPeriod: 10000000\nSamples:\n"
			"samples/count cpu/nanoseconds\n          5   50000000: 1 3 \n          2   20000000: 4 \n"
			"Locations\n     1: 0x400100 M=1 \n     2: 0x4000ff M=1 \n     3: 0x400200 M=1 \n"
			"     4: 0x400300 M=1 \nMappings\n1: 0x400000/0x500000/0x0 /bin/prog  \n";
	for (unsigned i = 0; i < 4; i++)
		ck_assert_str_eq(read_cpu(i & 1, i & 2), want);
}
END_TEST

START_TEST(maps)
{
	// A log prefix, the short form, a split mapping joined, a library first, what is no mapping.
	ck_assert_ptr_nonnull(strstr(read_text("goroutine profile: total 1\n1 @ 0x401001\n--- Memory map: ---\n"
				"  7f0000-7f1000: /lib/a.so\n"
				"I1234 main.cc:5] 400000-401000 r-xp 00000000 08:01 42 /bin/p\n"
				"401000-402000 r-xp 00001000 08:01 42 /bin/p\nnonsense\n"
				"500000-501000: /bin/q (@100) abcdef\n"),
			"Mappings\n1: 0x400000/0x402000/0x0 /bin/p  \n2: 0x7f0000/0x7f1000/0x0 /lib/a.so  \n"
			"3: 0x500000/0x501000/0x100 /bin/q abcdef \n"));
	// Attributes that grow with each line are cut off.
	struct buf text = {0};
	buf_cstr(&text, "goroutine profile: total 1\n1 @ 0x401001\n--- Memory map: ---\nz0=xxxxxxxxxx\n");
	for (int i = 1; i < 60; i++)
		buf_printf(&text, "z%d=$z%d$z%d$z%d\n", i, i - 1, i - 1, i - 1);
	ck_assert_ptr_nonnull(strstr(read_as(text.ptr, text.len), "Mappings\n1: 0x0/"));
	buf_deinit(&text);
}
END_TEST

START_TEST(lines_too_long)
{
	char *line = malloc(70000);
	memset(line, 'x', 70000);
	ck_assert_str_eq(read_as(line, 70000), "parsing profile: bufio.Scanner: token too long");
	ck_assert_str_eq(read_as(line, 65536), "parsing profile: bufio.Scanner: token too long");
	ck_assert_str_eq(read_as(line, 65535), "parsing profile: unrecognized profile format");
	free(line);
}
END_TEST

UNIT_MAIN("profile_legacy", heap, jemalloc, counts_and_threads, contention, java, cpu, maps, lines_too_long)
