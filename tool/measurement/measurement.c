// SPDX-License-Identifier: MIT
// See measurement.h. A family of units is a table; the first whose alias fits decides.
#include "tool/measurement/measurement.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_ALIASES = 3, MAX_ALIAS_BYTES = 11, MAX_UNIT_PRINTED = 64 };
enum { FIXED_BYTES = MEASUREMENT_LABEL_BYTES - MAX_UNIT_PRINTED - 1, PERCENT_COLUMNS = 5 };

struct unit {
	struct str name; // as printed
	const char *aliases[MAX_ALIASES]; // lower case, singular
	double factor;   // in the family's base unit
};

struct family {
	const struct unit *units;
	unsigned nunits;
	unsigned fallback; // where a value has no unit of at least 1, or an unknown one is asked for
};

#define UNIT_NAME(literal) {(literal), sizeof(literal) - 1}

static const struct unit memory_units[] = {
	{UNIT_NAME("B"), {"b", "byte"}, 1},
	{UNIT_NAME("kB"), {"kb", "kbyte", "kilobyte"}, 0x1p10},
	{UNIT_NAME("MB"), {"mb", "mbyte", "megabyte"}, 0x1p20},
	{UNIT_NAME("GB"), {"gb", "gbyte", "gigabyte"}, 0x1p30},
	{UNIT_NAME("TB"), {"tb", "tbyte", "terabyte"}, 0x1p40},
	{UNIT_NAME("PB"), {"pb", "pbyte", "petabyte"}, 0x1p50},
};

static const struct unit time_units[] = {
	{UNIT_NAME("ns"), {"ns", "nanosecond"}, 1},
	{UNIT_NAME("us"), {"\xce\xbcs", "us", "microsecond"}, 1e3},
	{UNIT_NAME("ms"), {"ms", "millisecond"}, 1e6},
	{UNIT_NAME("s"), {"s", "sec", "second"}, 1e9},
	{UNIT_NAME("hrs"), {"hour", "hr"}, 3600e9},
};

static const struct unit gcu_units[] = {
	{UNIT_NAME("n*GCU"), {"nanogcu"}, 1e-9},
	{UNIT_NAME("u*GCU"), {"microgcu"}, 1e-6},
	{UNIT_NAME("m*GCU"), {"milligcu"}, 1e-3},
	{UNIT_NAME("GCU"), {"gcu"}, 1},
	{UNIT_NAME("k*GCU"), {"kilogcu"}, 1e3},
	{UNIT_NAME("M*GCU"), {"megagcu"}, 1e6},
	{UNIT_NAME("G*GCU"), {"gigagcu"}, 1e9},
	{UNIT_NAME("T*GCU"), {"teragcu"}, 1e12},
	{UNIT_NAME("P*GCU"), {"petagcu"}, 1e15},
};

enum { NFAMILIES = 3 };

static const struct family families[NFAMILIES] = {
	{memory_units, sizeof(memory_units) / sizeof(*memory_units), 0},
	{time_units, sizeof(time_units) / sizeof(*time_units), 3},
	{gcu_units, sizeof(gcu_units) / sizeof(*gcu_units), 3},
};

static const struct unit *find_unit(const struct family *f, struct str name)
{
	char lower[MAX_ALIAS_BYTES + 2];
	if (name.len >= sizeof(lower))
		return NULL;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	size_t len = name.len;
	if (len > 2 && lower[len - 1] == 's')
		len--;
	lower[len] = 0;
	for (unsigned i = 0; i < f->nunits; i++) {
		for (unsigned j = 0; j < MAX_ALIASES && f->units[i].aliases[j]; j++) {
			if (lower[0] == f->units[i].aliases[j][0] && !strcmp(lower, f->units[i].aliases[j]))
				return &f->units[i];
		}
	}
	return NULL;
}

static bool is_auto(struct str unit)
{
	return str_eq(unit, STR("auto")) || str_eq(unit, STR("minimum"));
}

/* The largest unit the value is at least one of. */
static const struct unit *readable_unit(const struct family *f, double value)
{
	const struct unit *best = NULL;
	for (unsigned i = 0; i < f->nunits; i++) {
		if ((!best || f->units[i].factor >= best->factor) && value / f->units[i].factor >= 1.0)
			best = &f->units[i];
	}
	return best;
}

double measurement_scale(int64_t value, struct str from, struct str to, struct str *unit_out)
{
	if (value < 0 && value != INT64_MIN)
		return -measurement_scale(-value, from, to, unit_out);
	for (unsigned i = 0; i < NFAMILIES; i++) {
		const struct family *f = &families[i];
		const struct unit *source = find_unit(f, from);
		if (!source)
			continue;
		double base = (double)value * source->factor;
		const struct unit *target = is_auto(to) ? readable_unit(f, base) : find_unit(f, to);
		if (!target)
			target = &f->units[f->fallback];
		*unit_out = target->name;
		return base / target->factor;
	}
	bool is_dull = is_auto(to) || str_eq(to, STR("count")) || str_eq(to, STR("sample")) ||
			str_eq(to, STR("unit"));
	*unit_out = is_dull ? STR("") : to;
	return (double)value;
}

static size_t put_digits(char *out, uint64_t v)
{
	char digits[24];
	size_t n = 0, len = 0;
	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	while (n)
		out[len++] = digits[--n];
	return len;
}

/*
 * "%.*f" of nearly every number a report has, with up to 4 decimals: printf takes five times as long, and brings four
 * pieces of libc that nothing else in a short report needs. Exact, as it is: all bits of 2^-10 and more are in 63.
 */
static size_t put_fixed(char *out, double v, unsigned decimals)
{
	static const unsigned tens[] = {1, 10, 100, 1000, 10000};
	if (!(v >= 0x1p-10 && v < 0x1p53) && v != 0)
		return (size_t)snprintf(out, FIXED_BYTES, "%.*f", (int)decimals, v);
	uint64_t whole = (uint64_t)v;
	unsigned __int128 scaled = (unsigned __int128)(uint64_t)((v - (double)whole) * 0x1p63) * tens[decimals];
	uint64_t n = (uint64_t)(scaled >> 63), rest = (uint64_t)scaled << 1;
	n += rest > 1ull << 63 || (rest == 1ull << 63 && n % 2); // ties to even
	size_t len = put_digits(out, whole + n / tens[decimals]);
	out[len++] = '.';
	while (decimals--)
		out[len++] = (char)('0' + n / tens[decimals] % 10);
	return len;
}

/* "%.2f" without a trailing ".00". */
static size_t format_number(char *out, double v)
{
	size_t len = v < 0;
	if (v < 0)
		out[0] = '-';
	if (v == floor(v) && fabs(v) < 0x1p53)
		return len + put_digits(out + len, (uint64_t)fabs(v)); // the most frequent
	len += put_fixed(out + len, fabs(v), 2);
	if (len >= 3 && !memcmp(out + len - 3, ".00", 3))
		len -= 3;
	return len;
}

size_t measurement_format(char *out, int64_t value, struct str from, struct str to)
{
	struct str unit;
	size_t len = format_number(out, measurement_scale(value, from, to, &unit));
	if ((len == 1 && out[0] == '0') || (len == 2 && out[0] == '-' && out[1] == '0')) {
		out[0] = '0';
		return 1;
	}
	size_t nunit = unit.len < MAX_UNIT_PRINTED ? unit.len : MAX_UNIT_PRINTED;
	if (nunit)
		memcpy(out + len, unit.ptr, nunit);
	return len + nunit;
}

struct str measurement_scaled_label(struct arena *a, int64_t value, struct str from, struct str to)
{
	char text[MEASUREMENT_LABEL_BYTES];
	size_t len = measurement_format(text, value, from, to);
	return (struct str){arena_strndup(a, text, len), len};
}

struct str measurement_label(struct arena *a, int64_t value, struct str unit)
{
	return measurement_scaled_label(a, value, unit, STR("auto"));
}

size_t measurement_percentage(char *out, int64_t value, int64_t total)
{
	double ratio = total ? fabs((double)value / (double)total) * 100 : 0;
	if (ratio >= 99.95 && ratio <= 100.05) {
		memcpy(out, "  100%", 7);
		return 6;
	}
	if (ratio && ratio < 0.001)
		return (size_t)snprintf(out, MEASUREMENT_PERCENT_BYTES, "%5.2g%%", ratio);
	// "%5.2f%%" from 1 on, else "%5.2g%%".
	char digits[FIXED_BYTES];
	size_t len = put_fixed(digits, ratio, ratio >= 0.1 ? 2 : ratio >= 0.01 ? 3 : 4), npad;
	while (ratio < 1 && digits[len - 1] == '0')
		len--;
	len -= digits[len - 1] == '.';
	npad = len < PERCENT_COLUMNS ? PERCENT_COLUMNS - len : 0;
	memset(out, ' ', npad);
	memcpy(out + npad, digits, len);
	memcpy(out + npad + len, "%", 2);
	return npad + len + 1;
}

static struct str trim_plural(struct str s)
{
	return s.len && s.ptr[s.len - 1] == 's' ? str_slice(s, 0, s.len - 1) : s;
}

bool measurement_compatible(struct str type1, struct str unit1, struct str type2, struct str unit2)
{
	if (!str_eq(trim_plural(type1), trim_plural(type2)))
		return false;
	if (str_eq(unit1, unit2))
		return true;
	for (unsigned i = 0; i < NFAMILIES; i++) {
		if (find_unit(&families[i], unit1) && find_unit(&families[i], unit2))
			return true;
	}
	return false;
}
