// SPDX-License-Identifier: MIT
// Hexadecimal digits, whatever the locale. Pure.
#ifndef CPROF_FORMAT_HEX_DIGIT_H
#define CPROF_FORMAT_HEX_DIGIT_H

/** -1: it is none. */
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
