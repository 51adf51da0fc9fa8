// SPDX-License-Identifier: MIT
// See duration.h. Fractions lose their trailing zeros, and the unit follows the size.
#include "tool/measurement/duration.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

/* "whole.fraction" of v / one, without trailing zeros. */
static size_t format_fraction(char *out, uint64_t v, uint64_t one, int digits)
{
	size_t len = (size_t)sprintf(out, "%" PRIu64, v / one);
	if (v % one) {
		len += (size_t)sprintf(out + len, ".%0*" PRIu64, digits, v % one);
		while (out[len - 1] == '0')
			len--;
	}
	out[len] = 0;
	return len;
}

size_t duration_format(char *out, int64_t ns)
{
	uint64_t v = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	size_t len = 0;
	if (!ns)
		return (size_t)sprintf(out, "0s");
	if (ns < 0)
		out[len++] = '-';
	const char *unit = "s";
	if (v < NS_PER_US) {
		len += format_fraction(out + len, v, 1, 0);
		unit = "ns";
	} else if (v < NS_PER_MS) {
		len += format_fraction(out + len, v, NS_PER_US, 3);
		unit = "\xc2\xb5s";
	} else if (v < NS_PER_S) {
		len += format_fraction(out + len, v, NS_PER_MS, 6);
		unit = "ms";
	} else {
		uint64_t minutes = v / NS_PER_S / 60;
		if (minutes >= 60)
			len += (size_t)sprintf(out + len, "%" PRIu64 "h", minutes / 60);
		if (minutes)
			len += (size_t)sprintf(out + len, "%" PRIu64 "m", minutes % 60);
		len += format_fraction(out + len, v - minutes * 60 * NS_PER_S, NS_PER_S, 9);
	}
	strcpy(out + len, unit);
	return len + strlen(unit);
}

size_t time_format(char *out, int64_t unix_ns)
{
	time_t seconds = unix_ns / NS_PER_S;
	int64_t fraction = unix_ns % NS_PER_S;
	if (fraction < 0) {
		fraction += NS_PER_S;
		seconds--;
	}
	struct tm tm;
	localtime_r(&seconds, &tm);
	size_t len = strftime(out, TIME_BYTES - 50, "%Y-%m-%d %H:%M:%S", &tm);
	if (fraction) {
		char digits[12];
		format_fraction(digits, (uint64_t)fraction, NS_PER_S, 9);
		len += (size_t)sprintf(out + len, "%s", digits + 1); // without the leading 0
	}
	return len + strftime(out + len, TIME_BYTES - len, " %z %Z", &tm);
}
