// SPDX-License-Identifier: MIT
// Context: CTL.
#include "vformat.h"

#include <string.h>

struct out {
	char *at, *end; // end: the place of the NUL
};

static void put(struct out *o, const char *str, size_t len)
{
	size_t room = (size_t)(o->end - o->at);
	if (len > room)
		len = room;
	memcpy(o->at, str, len);
	o->at += len;
}

static void put_number(struct out *o, unsigned long long v, unsigned base)
{
	char digits[20]; // 2^64 - 1 has 20
	char *at = digits + sizeof(digits);
	do {
		*--at = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	put(o, at, (size_t)(digits + sizeof(digits) - at));
}

static void put_signed(struct out *o, long long v)
{
	if (v < 0)
		put(o, "-", 1);
	put_number(o, v < 0 ? 0 - (unsigned long long)v : (unsigned long long)v, 10);
}

static unsigned long long next_unsigned(va_list *ap, int longs)
{
	if (longs == 0)
		return va_arg(*ap, unsigned);
	return longs == 1 ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned long long);
}

static long long next_signed(va_list *ap, int longs)
{
	if (longs == 0)
		return va_arg(*ap, int);
	return longs == 1 ? va_arg(*ap, long) : va_arg(*ap, long long);
}

/** Writes the conversion at fmt (behind the %); returns what follows it. */
static const char *put_conversion(struct out *o, const char *fmt, va_list *ap)
{
	int longs = 0;
	for (; *fmt == 'l' || *fmt == 'z'; fmt++)
		longs++;
	switch (*fmt) {
	case 's': {
		const char *str = va_arg(*ap, const char *);
		put(o, str ? str : "(null)", str ? strlen(str) : 6);
		break;
	}
	case 'c':
		put(o, &(char){(char)va_arg(*ap, int)}, 1);
		break;
	case 'd':
		put_signed(o, next_signed(ap, longs));
		break;
	case 'u':
		put_number(o, next_unsigned(ap, longs), 10);
		break;
	case 'x':
		put_number(o, next_unsigned(ap, longs), 16);
		break;
	case '\0':
		return fmt;
	default: // %%, and what we do not know, as it stands
		put(o, fmt, 1);
	}
	return fmt + 1;
}

size_t cp_vformat(char *buf, size_t size, const char *fmt, va_list ap)
{
	if (size == 0)
		return 0;
	struct out o = {buf, buf + size - 1};
	va_list args;
	va_copy(args, ap);
	while (*fmt) {
		size_t len = strcspn(fmt, "%");
		put(&o, fmt, len);
		fmt += len;
		if (*fmt == '%')
			fmt = put_conversion(&o, fmt + 1, &args);
	}
	va_end(args);
	*o.at = '\0';
	return (size_t)(o.at - buf);
}

size_t cp_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	size_t len = cp_vformat(buf, size, fmt, ap);
	va_end(ap);
	return len;
}
