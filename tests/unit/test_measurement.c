// SPDX-License-Identifier: MIT
// Units, labels and percentages as pprof prints them; durations and times as Go does.
#include "tool/measurement/measurement.h"

#include <stdio.h>
#include <time.h>

#include "tool/measurement/duration.h"
#include "unit.h"

static struct arena a;

static void check_label(int64_t value, const char *from, const char *to, const char *want)
{
	struct str got = measurement_scaled_label(&a, value, str_from(from), str_from(to));
	ck_assert_msg(str_eq(got, str_from(want)), "%lld %s to %s: %.*s, want %s", (long long)value, from, to,
			STR_FMT(got), want);
}

START_TEST(scales_within_a_family)
{
	check_label(1023, "bytes", "auto", "1023B");
	check_label(1024, "bytes", "auto", "1kB");
	check_label(1536, "bytes", "minimum", "1.50kB");
	check_label(-1536, "byte", "auto", "-1.50kB");
	check_label(3, "MB", "kb", "3072kB");
	check_label(5, "gigabytes", "megabyte", "5120MB");
	check_label(1500, "milliseconds", "auto", "1.50s");
	check_label(1500, "microsecond", "ms", "1.50ms");
	check_label(7200, "s", "auto", "2hrs");
	check_label(120, "SEC", "auto", "120s");
	check_label(1, "ns", "auto", "1ns");
	check_label(0, "ns", "auto", "0");
	check_label(1, "ns", "s", "0");
	check_label(2500, "milliGCU", "auto", "2.50GCU");
	check_label(4, "bytes", "seconds", "4B");
}
END_TEST

START_TEST(leaves_other_units_alone)
{
	check_label(42, "count", "auto", "42");
	check_label(42, "widgets", "minimum", "42");
	check_label(42, "widgets", "gadgets", "42gadgets");
	check_label(INT64_MIN, "count", "auto", "-9223372036854775808");
	check_label(INT64_MAX, "ns", "auto", "2562047.79hrs");
	ck_assert(measurement_compatible(STR("cpus"), STR("ns"), STR("cpu"), STR("hours")));
	ck_assert(!measurement_compatible(STR("cpu"), STR("ns"), STR("cpu"), STR("kb")));
	ck_assert(!measurement_compatible(STR("wall"), STR("ns"), STR("cpu"), STR("ns")));
	ck_assert(measurement_compatible(STR("x"), STR("odd"), STR("x"), STR("odd")));
}
END_TEST

START_TEST(percentages)
{
	static const struct {
		int64_t value, total;
		const char *want;
	} cases[] = {{0, 0, "    0%"}, {5, 0, "    0%"}, {1, 3, "33.33%"}, {-1, 2, "50.00%"},
			{9995, 10000, "  100%"}, {10005, 10000, "  100%"}, {3, 2, "150.00%"}, {1, 200, "  0.5%"},
			{1, 1000000, "0.0001%"}, {1, 10000000, "1e-05%"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[MEASUREMENT_PERCENT_BYTES];
		size_t len = measurement_percentage(got, cases[i].value, cases[i].total);
		ck_assert_uint_eq(len, strlen(got));
		ck_assert_str_eq(got, cases[i].want);
	}
}
END_TEST

/* Over printf: numbers of all sizes, and such as lie halfway between two that can be printed. */
START_TEST(prints_as_printf_does)
{
	uint64_t random = 1;
	for (unsigned i = 0; i < 50000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		int64_t value = (int64_t)(random >> (i % 60)), total = i % 3 ? 1000000007 : 80000;
		double ratio = (double)value / (double)total * 100;
		char got[MEASUREMENT_LABEL_BYTES], want[MEASUREMENT_LABEL_BYTES];
		if (value < 0 || (ratio >= 99.95 && ratio <= 100.05))
			continue;
		snprintf(want, sizeof(want), ratio >= 1.0 ? "%5.2f%%" : "%5.2g%%", ratio);
		size_t len = measurement_percentage(got, value, total);
		ck_assert_str_eq(got, want);
		ck_assert_uint_eq(len, strlen(want));

		snprintf(want, sizeof(want), "%.2fGB", (double)value / 0x1p30);
		got[measurement_format(got, value, STR("B"), STR("GB"))] = '\0';
		if (!strstr(want, ".00"))
			ck_assert_str_eq(got, want);
	}
}
END_TEST

START_TEST(durations_and_times)
{
	static const struct {
		int64_t ns;
		const char *want;
	} cases[] = {{0, "0s"}, {1, "1ns"}, {1100, "1.1\xc2\xb5s"}, {2200000, "2.2ms"}, {3300000000, "3.3s"},
			{245000000000, "4m5s"}, {6000000000000, "1h40m0s"}, {-1500000000, "-1.5s"},
			{INT64_MAX, "2562047h47m16.854775807s"}, {INT64_MIN, "-2562047h47m16.854775808s"}};
	char got[TIME_BYTES];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		duration_format(got, cases[i].ns);
		ck_assert_str_eq(got, cases[i].want);
	}
	setenv("TZ", "UTC", 1);
	tzset();
	time_format(got, 1700000000000000000);
	ck_assert_str_eq(got, "2023-11-14 22:13:20 +0000 UTC");
	time_format(got, 1700000000120000000);
	ck_assert_str_eq(got, "2023-11-14 22:13:20.12 +0000 UTC");
	time_format(got, -1);
	ck_assert_str_eq(got, "1969-12-31 23:59:59.999999999 +0000 UTC");
}
END_TEST

UNIT_MAIN("measurement", scales_within_a_family, leaves_other_units_alone, percentages, prints_as_printf_does,
		durations_and_times)
