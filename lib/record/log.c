// SPDX-License-Identifier: MIT
// Context: CTL. See log.h. No stdio, whose lock the thread may hold that a signal has interrupted.
#include "log.h"

#include <limits.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

#include "kind/target.h"
#include "sigsafe/atomic.h"
#include "sigsafe/clock.h"
#include "write/vformat.h"

enum { LINE_BYTES = 2 * PATH_MAX, S_PER_DAY = 24 * 60 * 60 };

static _Atomic long utc_offset_s;

void cp_log_init(void)
{
	time_t now = time(NULL);
	struct tm local;
	if (localtime_r(&now, &local))
		store(&utc_offset_s, local.tm_gmtoff, relaxed);
}

struct date {
	unsigned year, month, day;
};

/** Days since 1970-01-01, in the Gregorian calendar: in cycles of 400 years that begin with March. */
static struct date date_of(unsigned days)
{
	enum { DAYS_PER_CYCLE = 146097, TO_MARCH_0000 = 719468 };
	unsigned since = days + TO_MARCH_0000, cycle = since / DAYS_PER_CYCLE, in_cycle = since % DAYS_PER_CYCLE;
	unsigned year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / (DAYS_PER_CYCLE - 1)) / 365;
	unsigned in_year = in_cycle - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * in_year + 2) / 153; // 0: March
	struct date d = {.year = year + 400 * cycle + (month >= 10), .day = in_year - (153 * month + 2) / 5 + 1};
	d.month = month < 10 ? month + 3 : month - 9;
	return d;
}

static size_t put_two(char *line, size_t len, unsigned n, char behind)
{
	return len + cp_format(line + len, LINE_BYTES - len, "%u%u%c", n / 10, n % 10, behind);
}

void cp_log(const char *fmt, ...)
{
	char line[LINE_BYTES];
	int64_t now_s = (int64_t)(cp_clock_ns(CP_CLOCK_REALTIME) / CP_NS_PER_S) + load(&utc_offset_s, relaxed);
	unsigned second = (unsigned)(now_s % S_PER_DAY);
	struct date d = date_of((unsigned)(now_s / S_PER_DAY));
	size_t len = cp_format(line, sizeof(line), "%u/", d.year);
	len = put_two(line, len, d.month, '/');
	len = put_two(line, len, d.day, ' ');
	len = put_two(line, len, second / 3600, ':');
	len = put_two(line, len, second / 60 % 60, ':');
	len = put_two(line, len, second % 60, ' ');
	va_list ap;
	va_start(ap, fmt);
	len += cp_vformat(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	line[len++] = '\n';
	cp_write_fd((void *)(intptr_t)STDERR_FILENO, line, len);
}
